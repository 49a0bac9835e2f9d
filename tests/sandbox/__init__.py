"""The simulators, asked as the product, a person and a test would ask them."""
