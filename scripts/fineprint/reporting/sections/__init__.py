"""The report's sections: tables and sentences by subject."""
