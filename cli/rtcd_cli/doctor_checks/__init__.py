"""The checks of ``rtcd doctor``: each looks at one thing and gives its findings."""
