"""The eye locator: any photo in, both eyes out."""
