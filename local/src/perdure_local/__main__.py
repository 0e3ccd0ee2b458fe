"""`python -m perdure_local` is `perdure`."""

from perdure_local.cli import main

if __name__ == "__main__":
    main()
