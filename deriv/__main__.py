"""`python -m deriv` is the command `deriv`."""

from deriv.cli.main import main

if __name__ == "__main__":
    main()
