"""The documentation as a site (`make docs`): the Markdown files of this checkout, and pages made from the code."""
