"""What several programs have in common."""
