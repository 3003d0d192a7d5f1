/** @returns the names of a table's rows, in their order and as the table's type has them */
export function rowNames<const Table extends object>(table: Table): readonly (keyof Table & string)[] {
  return Object.keys(table) as (keyof Table & string)[];
}
