"""The nouns of Mainspring: frozen Structs and ids, one file a noun, no logic."""
