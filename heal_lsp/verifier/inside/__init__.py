"""What runs inside the sandbox, on the project's interpreter: standard library only, Python 3.9 up.

The folder is made visible in the sandbox and loaded there as the package ``heal_inside``, whatever else is
there.
"""
