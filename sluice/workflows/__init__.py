"""What moves records along, shared by the rooms that start, end and resume workflows."""
