/**
 * What a report says, whatever it is written as: a head and a foot in the form of Nghị định 30/2020/NĐ-CP, and blocks between
 * them. Plain JSON. Every text is data: writers put it into their files as such, never as markup.
 */

/** A number with the list that it counted. */
export interface Figure {
  readonly text: string
  /** As a table of numbers has it. */
  readonly value?: number
  /** Address of the list in the console, from its root: `/incidents?…`; absent where no list says just that. */
  readonly href?: string
}
export type Run = string | Figure

export interface Column {
  readonly title: string
  /** Of a column that is divided: the titles below. */
  readonly parts?: readonly string[]
}
export interface Row {
  readonly cells: readonly Run[]
  readonly total?: true
}
export type Align = 'left' | 'center' | 'right'

export interface Table {
  readonly kind: 'table'
  readonly caption: string
  readonly head: readonly Column[]
  /** By column, of those below a divided one each. */
  readonly align: readonly Align[]
  /** Relative widths, by column. */
  readonly widths: readonly number[]
  readonly rows: readonly Row[]
  /** Rows that the paper leaves out, and the CSV has. */
  readonly rest?: readonly Row[]
  readonly note?: string
}

/** Stacked bars. */
export interface Chart {
  readonly kind: 'chart'
  readonly caption: string
  /** What it says, for who does not see it. */
  readonly alt: string
  readonly series: readonly string[]
  readonly bars: readonly {
    readonly label: string
    /** By series. */
    readonly values: readonly number[]
    readonly href?: string
    /** It lies in the period that is reported. */
    readonly within: boolean
  }[]
  readonly note?: string
}

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: 'paragraph'; readonly runs: readonly Run[] }
  | Table
  | Chart

export interface ReportDocument {
  /** Of the file: what a reader's title bar shows. */
  readonly title: string
  readonly language: 'vi'
  /** Who issues it: the body above it, its own name; both in capitals. */
  readonly issuer: { readonly parent?: string; readonly name: string }
  /** What stands behind the number, which the registry gives: `/BC-SKHCN`. */
  readonly sign: string
  /** The day is left to the registry. */
  readonly dated: { readonly place: string; readonly month: number; readonly year: number }
  readonly type: string
  /** A line each. */
  readonly subject: readonly string[]
  readonly to: string
  readonly blocks: readonly Block[]
  /** Lines above the name, in capitals: `KT. GIÁM ĐỐC`, `PHÓ GIÁM ĐỐC`. */
  readonly signer: { readonly title: readonly string[]; readonly name: string }
  /** Without dash and full stop. */
  readonly recipients: readonly string[]
}

export const textOf = (run: Run): string => (typeof run === 'string' ? run : run.text)
/** Every run of a document that opens a list. */
export const figuresIn = (document: ReportDocument): Figure[] => {
  const runs = document.blocks.flatMap((block): readonly Run[] =>
    block.kind === 'paragraph'
      ? block.runs
      : block.kind === 'table'
        ? [...block.rows, ...(block.rest ?? [])].flatMap(({ cells }) => cells)
        : block.kind === 'chart'
          ? block.bars.map(({ values, href }) => {
              const value = values.reduce((a, b) => a + b, 0)
              return { text: String(value), value, ...(href === undefined ? {} : { href }) }
            })
          : [],
  )
  return runs.filter((run): run is Figure => typeof run !== 'string')
}
