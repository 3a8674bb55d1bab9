"""`python -m zenotc`."""

from zenotc.cli import main

if __name__ == "__main__":
    main()
