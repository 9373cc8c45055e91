# Two commands matter: `make demo` and `make test`. Everything they need is installed from the configured package index.
