"""The version of the SDK whose behaviour this follows."""
VERSION = "1.59.0"
