/** The columns that a template's answers fill: one, or one for each property of its JSON schema. */
export function outputColumns(column: string, schema: string): string[] {
  if (!schema.trim()) return [column];
  try {
    const properties: unknown = JSON.parse(schema)?.properties;
    const names = properties && typeof properties === "object" ? Object.keys(properties) : [];
    return names.length ? names.map((name) => `${column}.${name}`) : [column];
  } catch {
    return [column];
  }
}

/** What is wrong with a JSON schema's text, in the browser's own words; empty when it can be read. */
export function schemaFault(schema: string): string {
  if (!schema.trim()) return "";
  try {
    JSON.parse(schema);
    return "";
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault);
  }
}
