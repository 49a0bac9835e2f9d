"""How fast it is: `make bench`. Every figure is a ratio to a bare limit measured in the same run,
or has a goal of its own; a machine's mood touches both sides alike."""
