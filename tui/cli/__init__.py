"""The command line. `tui.cli.root` is the front door; every command is imported only when it is used."""
