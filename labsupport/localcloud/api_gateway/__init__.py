"""What API Gateway does with a request, apart from MiniStack: nothing here knows whose records it reads."""
