"""What energy costs and what cuts have saved, exactly: whole numbers are added, and rounded once at the end."""
