"""The sample district that `flask demo` loads: twenty compounds, their plans and their drawings."""
