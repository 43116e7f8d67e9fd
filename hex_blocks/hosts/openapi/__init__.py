"""The service of `hex-blocks serve` as an OpenAPI document, in the forms that importers take."""
