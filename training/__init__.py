"""Making training data, training the network, exporting it to `models/`. Nothing at run time imports this."""
