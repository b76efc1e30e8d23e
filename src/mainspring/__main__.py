"""`python -m mainspring`: the command line."""

from mainspring.cli.main import main

if __name__ == "__main__":
    main()
