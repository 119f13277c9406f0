/** `vonglau report`: a report into a file. */
import { writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { type Command, Option } from 'commander'
import type { Request } from '../control.ts'
import type { Format, ReportKind } from '../reports/make.ts'
import { PERIOD_KINDS } from '../reports/period.ts'
import type { Answer } from './reach.ts'
import { print } from './show.ts'

const FORMATS: readonly Format[] = ['pdf', 'docx', 'csv']

export const addReport = (
  program: Command,
  ask: (request: Request) => AsyncIterable<Answer>,
  person: () => string,
): void => {
  program
    .command('report')
    .description('the report of a period, of the province or an agency, or of an incident, into a file')
    .addOption(new Option('--kind <kind>', 'of a period').choices(PERIOD_KINDS))
    .option('--period <period>', 'such as 2026-10, 2026-Q4, 2026-H2, 2026-9M, 2026')
    .option('--agency <id>', 'of one agency; without it, of the province')
    .option('--incident <number>', 'of an incident, instead of a period')
    .requiredOption('--out <file>', 'ends with .pdf, .docx or .csv')
    .action(
      async (options: { kind?: ReportKind; period?: string; agency?: string; incident?: string; out: string }) => {
        const { kind, period, agency, incident, out } = options
        const format = FORMATS.find((each) => extname(out).toLowerCase() === `.${each}`)
        if (!format) throw new Error(`--out ${out}: let it end with .pdf, .docx or .csv`)
        if (
          incident === undefined
            ? kind === undefined || period === undefined
            : kind !== undefined || period !== undefined
        )
          throw new Error('name --kind and --period, such as --kind month --period 2026-10, or --incident NUMBER')
        if (incident !== undefined && agency !== undefined)
          throw new Error(`--agency ${agency}: an incident has its own agency: leave it out`)
        const wanted =
          incident === undefined
            ? { kind: kind!, period, organization: agency }
            : { kind: 'incident' as const, incident }
        for await (const { title, base64 } of ask({ ask: 'report', wanted, format, by: person() })) {
          const bytes = Buffer.from(String(base64), 'base64')
          try {
            writeFileSync(out, bytes)
          } catch (error) {
            throw new Error(
              `${out} cannot be written (${(error as NodeJS.ErrnoException).code}): name a file in a folder that this user may write to`,
            )
          }
          await print([`${out}: ${String(title)}`])
        }
      },
    )
}
