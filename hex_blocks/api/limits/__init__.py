"""Client-side rate limiting: requests wait for their turn, so that Hex does not have to refuse them."""
