"""The OpenAPI document of the service `hex-blocks serve`, also in forms for hosts with limited importers."""
