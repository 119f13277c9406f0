/** What a province says of its reports: `reports:` of the configuration. */
import cron from 'node-cron'
import { z } from 'zod'
import { PERIOD_KINDS } from './period.ts'

const line = z.string().min(1).max(200)

export const reportSettings = z.strictObject({
  /** A folder with `report.typ`, `periods.yml`, `fonts/`; what it lacks is the program's own. */
  templates: z.string().optional(),
  /** Who issues them: the body above, its own name, and its part of the sign. */
  issuer: z
    .strictObject({
      parent: line.optional(),
      name: line.default('Sở Khoa học và Công nghệ'),
      sign: line.default('SKHCN'),
    })
    .prefault({}),
  place: line.optional(),
  /** To whom reports of the province go; those of an agency go to the agency. */
  to: line.optional(),
  signer: z
    .strictObject({ title: z.array(line).min(1).max(3).default(['Giám đốc']), name: z.string().max(200).default('') })
    .prefault({}),
  recipients: z.array(line).max(20).default(['Như trên', 'Lưu: VT']),
  schedule: z
    .strictObject({
      /** When it is looked whether a period is closed, in the province's zone. */
      cron: z
        .string()
        .max(100)
        .refine((text) => cron.validate(text), 'minute hour day month weekday, such as "0 7 15 * *"')
        .default('0 7 15 * *'),
      kinds: z.array(z.enum(PERIOD_KINDS)).min(1).default(['month']),
      /** One for each agency beside that of the province. */
      agencies: z.boolean().default(false),
    })
    .optional(),
  /** Days that a report is kept. */
  keep_days: z.int().min(1).default(3650),
})
export type ReportSettings = z.output<typeof reportSettings>
