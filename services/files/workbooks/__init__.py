"""Excel workbooks as tables of text: packages, parts, cells, number formats. No storage and no threads."""
