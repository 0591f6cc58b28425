"""Which backups of a folder are kept, and which are not needed any more."""
