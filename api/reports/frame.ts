/** What stands around the body of every report: who issues it, where, who signs, who gets it. */
import type { ReportDocument } from './content.ts'
import type { ReportSettings } from './settings.ts'
import { plain } from './vietnamese.ts'

interface Made {
  readonly made: number
  readonly shift: number
  readonly province: string
}
type Body = Pick<ReportDocument, 'title' | 'subject' | 'to' | 'blocks'>

/** Vĩnh Long of Tỉnh Vĩnh Long. */
const placeOf = (province: string): string => province.replace(/^(Tỉnh|Thành phố)\s+/u, '')

export const frameOf = (
  { issuer, place, signer, recipients }: ReportSettings,
  { made, shift, province }: Made,
  body: Body,
): ReportDocument => {
  const day = new Date(made + shift)
  return {
    ...body,
    language: 'vi',
    issuer: {
      parent: plain(issuer.parent ?? `UBND ${province}`).toLocaleUpperCase('vi'),
      name: plain(issuer.name).toLocaleUpperCase('vi'),
    },
    sign: `/BC-${plain(issuer.sign)}`,
    dated: { place: plain(place ?? placeOf(province)), month: day.getUTCMonth() + 1, year: day.getUTCFullYear() },
    type: 'BÁO CÁO',
    signer: { title: signer.title.map((line) => plain(line).toLocaleUpperCase('vi')), name: plain(signer.name) },
    recipients: recipients.map((line) => plain(line).replace(/[;.]$/, '')),
  }
}
