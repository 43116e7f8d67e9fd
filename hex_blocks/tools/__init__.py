"""Tools as data: specs, checks of inputs, requests, replies, outputs and schemas."""
