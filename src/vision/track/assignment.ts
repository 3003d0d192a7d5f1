/**
 * Assigns columns to rows so that the sum of the values of all pairs is maximal: the Hungarian method with potentials
 * (Kuhn 1955, in the form of shortest augmenting paths; O(rows² columns)).
 *
 * Pairs of value 0 are left out. Memory grows to the largest problem so far.
 */
export class Assignment {
  /** The column of each row, or -1; the row of each column, or -1. */
  rows = new Int32Array(0);
  columns = new Int32Array(0);
  #alone = new Int32Array(0);
  #rowList = new Int32Array(0);
  #columnList = new Int32Array(0);
  #rowCount = 0;
  #columnCount = 0;
  #grouped = new Uint8Array(0);
  #cost = new Float64Array(0);
  #rowPotential = new Float64Array(0);
  #columnPotential = new Float64Array(0);
  #least = new Float64Array(0);
  #match = new Int32Array(0);
  #way = new Int32Array(0);
  #used = new Uint8Array(0);

  /**
   * @param values rows * columns numbers of 0 or more, row by row
   * @returns the number of pairs
   */
  solve(values: Float64Array, rows: number, columns: number): number {
    this.#grow(rows, columns);
    for (let r = 0; r < rows; r++) this.rows[r] = -1;
    for (let c = 0; c < columns; c++) {
      this.columns[c] = -1;
      this.#match[c] = 0;
      this.#grouped[c] = 0;
    }
    // The number of candidate rows of each column, and the only column of each row: most need no search.
    const { rows: ofRow, columns: ofColumn } = this;
    const count = this.#match;
    for (let r = 0, at = 0; r < rows; r++) {
      let only = -1;
      for (let c = 0; c < columns; c++, at++) {
        if (!(values[at]! > 0)) continue;
        count[c]!++;
        only = only === -1 ? c : -2;
      }
      this.#alone[r] = only;
    }
    let pairs = 0;
    for (let r = 0; r < rows; r++) {
      const only = this.#alone[r]!;
      if (only < 0 || count[only] !== 1) continue;
      ofRow[r] = only;
      ofColumn[only] = r;
      this.#alone[r] = -1;
      pairs++;
    }
    // The others are solved in independent groups, often of two rows, which is fast.
    const grouped = this.#grouped;
    for (let r = 0; r < rows; r++) {
      if (this.#alone[r] === -1) continue;
      this.#rowCount = this.#columnCount = 0;
      this.#addRow(r);
      for (let next = 0; next < this.#rowCount; next++) {
        const from = this.#rowList[next]! * columns;
        for (let c = 0; c < columns; c++) {
          if (!(values[from + c]! > 0) || grouped[c] === 1) continue;
          grouped[c] = 1;
          this.#columnList[this.#columnCount++] = c;
          for (let other = 0; other < rows; other++) {
            if (this.#alone[other] !== -1 && values[other * columns + c]! > 0) this.#addRow(other);
          }
        }
      }
      pairs += this.#search(values, columns, this.#rowCount, this.#columnCount);
    }
    return pairs;
  }

  /** Adds it to the group, and to no other one later. */
  #addRow(row: number): void {
    this.#alone[row] = -1;
    this.#rowList[this.#rowCount++] = row;
  }

  /** Solves a group; it is transposed if it has fewer columns than rows. */
  #search(values: Float64Array, columns: number, rowCount: number, columnCount: number): number {
    const turned = rowCount > columnCount;
    const n = turned ? columnCount : rowCount;
    const m = turned ? rowCount : columnCount;
    const cost = this.#cost;
    for (let i = 0, at = 0; i < n; i++) {
      for (let j = 0; j < m; j++, at++) {
        const r = this.#rowList[turned ? j : i]!;
        const c = this.#columnList[turned ? i : j]!;
        cost[at] = -values[r * columns + c]!;
      }
    }
    this.#augment(n, m);
    let pairs = 0;
    for (let j = 1; j <= m; j++) {
      const i = this.#match[j]!;
      if (i === 0 || cost[(i - 1) * m + j - 1] === 0) continue;
      const r = this.#rowList[turned ? j - 1 : i - 1]!;
      const c = this.#columnList[turned ? i - 1 : j - 1]!;
      this.rows[r] = c;
      this.columns[c] = r;
      pairs++;
    }
    return pairs;
  }

  /** Adds the rows one by one along the path of least cost. Index 0 means none. */
  #augment(n: number, m: number): void {
    const cost = this.#cost;
    const rowPotential = this.#rowPotential;
    const columnPotential = this.#columnPotential;
    const match = this.#match;
    // Loops, because a call of fill() costs as much as a hundred elements.
    for (let i = 0; i <= n; i++) rowPotential[i] = 0;
    for (let j = 0; j <= m; j++) columnPotential[j] = match[j] = 0;
    const way = this.#way;
    const used = this.#used;
    const least = this.#least;
    for (let i = 1; i <= n; i++) {
      match[0] = i;
      for (let j = 0; j <= m; j++) {
        least[j] = Infinity;
        used[j] = 0;
      }
      let column = 0;
      do {
        used[column] = 1;
        const row = match[column]!;
        let delta = Infinity;
        let next = 0;
        for (let j = 1; j <= m; j++) {
          if (used[j] === 1) continue;
          const reduced = cost[(row - 1) * m + j - 1]! - rowPotential[row]! - columnPotential[j]!;
          if (reduced < least[j]!) {
            least[j] = reduced;
            way[j] = column;
          }
          if (least[j]! < delta) {
            delta = least[j]!;
            next = j;
          }
        }
        for (let j = 0; j <= m; j++) {
          if (used[j] === 1) {
            rowPotential[match[j]!]! += delta;
            columnPotential[j]! -= delta;
          } else least[j]! -= delta;
        }
        column = next;
      } while (match[column] !== 0);
      do {
        const before = way[column]!;
        match[column] = match[before]!;
        column = before;
      } while (column !== 0);
    }
  }

  #grow(rows: number, columns: number): void {
    const most = Math.max(rows, columns) + 1;
    if (this.rows.length < most) {
      const size = 2 * most;
      for (const name of ['rows', 'columns'] as const) this[name] = new Int32Array(size);
      this.#alone = new Int32Array(size);
      this.#rowList = new Int32Array(size);
      this.#columnList = new Int32Array(size);
      this.#match = new Int32Array(size);
      this.#way = new Int32Array(size);
      this.#used = new Uint8Array(size);
      this.#grouped = new Uint8Array(size);
      this.#rowPotential = new Float64Array(size);
      this.#columnPotential = new Float64Array(size);
      this.#least = new Float64Array(size);
    }
    if (this.#cost.length < rows * columns) this.#cost = new Float64Array(2 * rows * columns);
  }
}
