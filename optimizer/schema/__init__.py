"""The data dictionary: pydantic models of markets and cases."""
