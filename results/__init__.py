"""What came out: records, percentiles, tables, figures, and the published numbers beside them."""
