"""Network weights and face models as data, and the code that loads and checks them."""
