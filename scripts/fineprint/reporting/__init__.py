"""The report: results.json → figures, view model, HTML, PDF. Nothing here knows a method by name or imports torch."""
