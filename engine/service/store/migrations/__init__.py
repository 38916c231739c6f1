"""How the tables came to be: the migrations, which run when a server or worker starts."""
