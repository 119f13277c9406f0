/** A report as DOCX, the same content, for officials who edit it and then sign: A4, margins and sizes of Nghị định 30/2020/NĐ-CP. */
import {
  AlignmentType,
  BorderStyle,
  convertMillimetersToTwip as mm,
  Document,
  ExternalHyperlink,
  Header,
  HeadingLevel,
  type IBorderOptions,
  Packer,
  PageNumber,
  Paragraph,
  type ParagraphChild,
  Table as WordTable,
  TableCell,
  TableLayoutType,
  TableRow,
  TabStopType,
  TextRun,
  VerticalAlignTable,
  VerticalMergeType,
  WidthType,
} from 'docx'
import type { Align, Block, Chart, ReportDocument, Run, Table } from './content.ts'

/** Half points. */
const SIZE = { body: 26, head: 24, small: 22 } as const
const FONT = 'Times New Roman'
/** Of the page without its margins. */
const WIDTH = 165
const NONE: IBorderOptions = { style: BorderStyle.NONE, size: 0, color: 'auto' }
const NO_BORDERS = { top: NONE, bottom: NONE, left: NONE, right: NONE }
const LINE: IBorderOptions = { style: BorderStyle.SINGLE, size: 6, color: '000000', space: 2 }
const ALIGNED = { left: AlignmentType.LEFT, center: AlignmentType.CENTER, right: AlignmentType.RIGHT } as const

interface Look {
  readonly bold?: boolean
  readonly italics?: boolean
  readonly size?: number
}
const written = (text: string, look: Look = {}): TextRun => new TextRun({ text, ...look })
/** Who writes XML cannot write these: characters that XML 1.0 does not have. */
const xml = (text: string): string =>
  text.replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '·')

export const toDocx = async (document: ReportDocument, base: string): Promise<Buffer> => {
  const child = (run: Run, look: Look = {}): ParagraphChild =>
    typeof run === 'string'
      ? written(xml(run), look)
      : run.href === undefined
        ? written(xml(run.text), look)
        : new ExternalHyperlink({ link: base + run.href, children: [written(xml(run.text), look)] })
  const paragraph = (runs: readonly Run[], look: Look = {}) =>
    new Paragraph({
      alignment: AlignmentType.BOTH,
      indent: { firstLine: mm(12.7) },
      spacing: { after: 120, line: 300 },
      children: runs.map((run) => child(run, look)),
    })
  const heading = (level: 1 | 2, text: string) =>
    new Paragraph({
      heading: level === 1 ? HeadingLevel.HEADING_1 : HeadingLevel.HEADING_2,
      indent: { firstLine: mm(12.7) },
      spacing: { before: 120, after: 120 },
      keepNext: true,
      children: [written(xml(text), { bold: true, size: SIZE.body })],
    })
  const caption = (text: string) =>
    new Paragraph({
      alignment: AlignmentType.CENTER,
      spacing: { before: 120, after: 80 },
      keepNext: true,
      children: [written(xml(text), { bold: true, size: SIZE.head })],
    })
  const note = (text: string | undefined) =>
    text === undefined
      ? []
      : [
          new Paragraph({
            spacing: { before: 60, after: 160 },
            children: [written(xml(text), { italics: true, size: SIZE.small })],
          }),
        ]
  const cell = (run: Run, align: Align, bold: boolean, width: number, more: object = {}) =>
    new TableCell({
      ...more,
      width: { size: mm(width), type: WidthType.DXA },
      verticalAlign: VerticalAlignTable.CENTER,
      margins: { top: 40, bottom: 40, left: 80, right: 80 },
      children: [new Paragraph({ alignment: ALIGNED[align], children: [child(run, { bold, size: SIZE.head })] })],
    })
  const table = (it: Pick<Table, 'head' | 'align' | 'widths' | 'rows'>) => {
    const all = it.widths.reduce((a, b) => a + b, 0)
    const widths = it.widths.map((width) => (width * WIDTH) / all)
    const divided = it.head.some(({ parts }) => parts)
    let at = 0
    const top: TableCell[] = []
    const below: TableCell[] = []
    for (const { title, parts } of it.head) {
      const own = widths.slice(at, at + (parts?.length ?? 1))
      const width = own.reduce((a, b) => a + b, 0)
      if (parts) {
        top.push(cell(title, 'center', true, width, { columnSpan: parts.length }))
        parts.forEach((part, i) => void below.push(cell(part, 'center', true, own[i]!)))
      } else {
        top.push(cell(title, 'center', true, width, divided ? { verticalMerge: VerticalMergeType.RESTART } : {}))
        if (divided) below.push(cell('', 'center', true, width, { verticalMerge: VerticalMergeType.CONTINUE }))
      }
      at += own.length
    }
    return new WordTable({
      layout: TableLayoutType.FIXED,
      width: { size: mm(WIDTH), type: WidthType.DXA },
      columnWidths: widths.map((width) => mm(width)),
      rows: [
        new TableRow({ tableHeader: true, cantSplit: true, children: top }),
        ...(divided ? [new TableRow({ tableHeader: true, cantSplit: true, children: below })] : []),
        ...it.rows.map(
          ({ cells, total }) =>
            new TableRow({
              cantSplit: true,
              children: cells.map((run, i) => cell(run, it.align[i] ?? 'left', total === true, widths[i] ?? 20)),
            }),
        ),
      ],
    })
  }
  const blocks = document.blocks.flatMap((block: Block) =>
    block.kind === 'heading'
      ? [heading(block.level, block.text)]
      : block.kind === 'paragraph'
        ? [paragraph(block.runs)]
        : block.kind === 'table' && block.rows.length === 0
          ? []
          : block.kind === 'table'
            ? [caption(block.caption), table(block), ...note(block.note)]
            : [caption(block.caption), table(chartTable(block)), ...note(undefined), spacer()],
  )
  const file = new Document({
    title: xml(document.title),
    creator: xml(document.issuer.name),
    styles: {
      default: {
        document: { run: { font: FONT, size: SIZE.body, language: { value: 'vi-VN' } } },
        heading1: { run: { font: FONT, size: SIZE.body, bold: true, color: '000000' } },
        heading2: { run: { font: FONT, size: SIZE.body, bold: true, color: '000000' } },
        hyperlink: { run: { color: '000000', underline: { type: 'none' } } },
      },
    },
    sections: [
      {
        properties: {
          titlePage: true,
          page: {
            size: { width: mm(210), height: mm(297) },
            margin: { top: mm(20), bottom: mm(20), left: mm(30), right: mm(15), header: mm(10) },
          },
        },
        headers: {
          first: new Header({ children: [new Paragraph({})] }),
          default: new Header({
            children: [
              new Paragraph({
                alignment: AlignmentType.CENTER,
                children: [new TextRun({ children: [PageNumber.CURRENT], size: SIZE.body })],
              }),
            ],
          }),
        },
        children: [headOf(document), ...kindOf(document), ...blocks, footOf(document)],
      },
    ],
  })
  return Packer.toBuffer(file)
}

const spacer = () => new Paragraph({ spacing: { after: 120 } })
/** What a chart shows, as numbers: they can be edited. */
const chartTable = ({ series, bars }: Chart): Pick<Table, 'head' | 'align' | 'widths' | 'rows'> => ({
  head: [{ title: 'Tuần từ' }, ...series.map((title) => ({ title })), { title: 'Tổng số' }],
  align: ['center', ...series.map(() => 'right' as const), 'right'],
  widths: [25, ...series.map(() => 28), 28],
  rows: bars.map(({ label, values, href }) => {
    const sum = values.reduce((a, b) => a + b, 0)
    return {
      cells: [label, ...values.map(String), { text: String(sum), value: sum, ...(href === undefined ? {} : { href }) }],
    }
  }),
})

const centred = (text: string, look: Look, more: object = {}) =>
  new Paragraph({ alignment: AlignmentType.CENTER, ...more, children: [written(xml(text), look)] })
/** A line below: of a part of the width, as long as the indents leave. */
const underline = (indent: number) =>
  new Paragraph({
    indent: { left: mm(indent), right: mm(indent) },
    border: { top: LINE },
    spacing: { before: 40, line: 120 },
  })
const side = (width: number, children: Paragraph[]) =>
  new TableCell({ width: { size: mm(width), type: WidthType.DXA }, borders: NO_BORDERS, children })
const pair = (widths: readonly [number, number], left: Paragraph[], right: Paragraph[]) =>
  new WordTable({
    layout: TableLayoutType.FIXED,
    width: { size: mm(WIDTH), type: WidthType.DXA },
    columnWidths: widths.map((width) => mm(width)),
    borders: { ...NO_BORDERS, insideHorizontal: NONE, insideVertical: NONE },
    rows: [new TableRow({ cantSplit: true, children: [side(widths[0], left), side(widths[1], right)] })],
  })

const headOf = ({ issuer, sign, dated }: ReportDocument): WordTable =>
  pair(
    [66, WIDTH - 66],
    [
      ...(issuer.parent === undefined ? [] : [centred(issuer.parent, { size: SIZE.head })]),
      centred(issuer.name, { bold: true, size: SIZE.head }),
      underline(20),
      new Paragraph({
        tabStops: [{ type: TabStopType.LEFT, position: mm(34) }],
        indent: { left: mm(12) },
        children: [
          new TextRun({ text: 'Số:', size: SIZE.body }),
          new TextRun({ text: `\t${xml(sign)}`, size: SIZE.body }),
        ],
      }),
    ],
    [
      centred('CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM', { bold: true, size: SIZE.head }),
      centred('Độc lập - Tự do - Hạnh phúc', { bold: true, size: SIZE.body }),
      underline(21),
      centred(`${dated.place}, ngày      tháng ${dated.month} năm ${dated.year}`, { italics: true, size: SIZE.body }),
    ],
  )

const kindOf = ({ type, subject, to }: ReportDocument): Paragraph[] => [
  centred(type, { bold: true, size: SIZE.body }, { spacing: { before: 240 } }),
  ...subject.map((line) => centred(line, { bold: true, size: SIZE.body })),
  underline(66),
  centred(`Kính gửi: ${to}.`, { size: SIZE.body }, { spacing: { before: 120, after: 160 } }),
]

const footOf = ({ signer, recipients }: ReportDocument): WordTable =>
  pair(
    [WIDTH - 78, 78],
    [
      new Paragraph({ children: [written('Nơi nhận:', { bold: true, italics: true, size: SIZE.head })] }),
      ...recipients.map(
        (name, i) =>
          new Paragraph({
            children: [written(xml(`- ${name}${i === recipients.length - 1 ? '.' : ';'}`), { size: SIZE.small })],
          }),
      ),
    ],
    [
      ...signer.title.map((line) => centred(line, { bold: true, size: SIZE.body })),
      centred(signer.name, { bold: true, size: SIZE.body }, { spacing: { before: mm(29) } }),
    ],
  )
