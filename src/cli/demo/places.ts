import type { Random } from './random.ts'
import type { DemoAddress } from './types.ts'

/** A city of customers. `phone` is the E.164 beginning of its made-up numbers, `digits` how many follow. */
export interface City {
  name: string
  state?: string
  postalCode: string
  countryCode: string
  phone: string
  digits: number
}

/*
 * Telephone numbers kept for fiction: in North America 555-0100 to 555-0199 of an area code; in Britain (Ofcom) 496 0xxx of a
 * city and London 7946 0xxx; in Germany (Bundesnetzagentur) and France (Arcep) the blocks below. China and Spain keep none:
 * there one block per city, and 196 0 for Chinese mobiles, holds them all.
 */
const CITIES = `
columbus|Columbus|OH|43215|US|+161455501|2
cleveland|Cleveland|OH|44114|US|+121655501|2
chicago|Chicago|IL|60607|US|+131255501|2
wichita|Wichita|KS|67202|US|+131655501|2
everett|Everett|WA|98201|US|+142555501|2
milwaukee|Milwaukee|WI|53202|US|+141455501|2
detroit|Detroit|MI|48226|US|+131355501|2
grandrapids|Grand Rapids|MI|49503|US|+161655501|2
minneapolis|Minneapolis|MN|55401|US|+161255501|2
boston|Boston|MA|02110|US|+161755501|2
houston|Houston|TX|77002|US|+171355501|2
charlotte|Charlotte|NC|28202|US|+170455501|2
portland|Portland|OR|97204|US|+150355501|2
sanjose|San Jose|CA|95113|US|+140855501|2
hamilton|Hamilton|ON|L8P 1A1|CA|+190555501|2
montreal|Montréal|QC|H3B 2Y5|CA|+151455501|2
birmingham|Birmingham||B3 2DX|GB|+441214960|3
leeds|Leeds||LS1 4AP|GB|+441134960|3
london|London||EC2A 4NE|GB|+442079460|3
berlin|Berlin||10115|DE|+493023125|3
hamburg|Hamburg||20457|DE|+494066969|3
munich|München||80331|DE|+498999998|3
lyon|Lyon||69003|FR|+3346571|4
paris|Paris||75009|FR|+3319900|4
nantes|Nantes||44000|FR|+3326191|4
bilbao|Bilbao||48001|ES|+3494655|4
barcelona|Barcelona||08018|ES|+3493155|4
madrid|Madrid||28045|ES|+3491055|4
shanghai|上海市|上海市|201203|CN|+86215550|4
beijing|北京市|北京市|100102|CN|+86105550|4
tianjin|天津市|天津市|300457|CN|+86225550|4
chongqing|重庆市|重庆市|401121|CN|+86235550|4
suzhou|苏州市|江苏省|215021|CN|+865125550|4
wuxi|无锡市|江苏省|214028|CN|+865105550|4
nanjing|南京市|江苏省|210019|CN|+86255550|4
changzhou|常州市|江苏省|213022|CN|+865195550|4
hangzhou|杭州市|浙江省|310052|CN|+865715550|4
ningbo|宁波市|浙江省|315100|CN|+865745550|4
guangzhou|广州市|广东省|510623|CN|+86205550|4
shenzhen|深圳市|广东省|518057|CN|+867555550|4
dongguan|东莞市|广东省|523808|CN|+867695550|4
foshan|佛山市|广东省|528200|CN|+867575550|4
xian|西安市|陕西省|710075|CN|+86295550|4
chengdu|成都市|四川省|610041|CN|+86285550|4
wuhan|武汉市|湖北省|430074|CN|+86275550|4
changsha|长沙市|湖南省|410205|CN|+867315550|4
hefei|合肥市|安徽省|230088|CN|+865515550|4
xiamen|厦门市|福建省|361008|CN|+865925550|4
qingdao|青岛市|山东省|266061|CN|+865325550|4
jinan|济南市|山东省|250101|CN|+865315550|4
zhengzhou|郑州市|河南省|450016|CN|+863715550|4
shenyang|沈阳市|辽宁省|110179|CN|+86245550|4
dalian|大连市|辽宁省|116023|CN|+864115550|4
`

/** Beginnings of made-up mobile numbers; elsewhere mobiles are left out, or look like the city's in North America. */
const MOBILES: Record<string, { phone: string; digits: number }> = {
  CN: { phone: '+861960', digits: 7 },
  DE: { phone: '+4917139200', digits: 2 },
}

const STREETS: Record<string, string[]> = {
  US: ['Foundry Street', 'Mill Road', 'Commerce Drive', 'Lakeview Avenue', 'Industrial Parkway', 'Depot Street'],
  CA: ['Harbour Road', 'Mill Street', 'Industrial Drive', 'Cedar Avenue'],
  GB: ['Forge Lane', 'Canal Street', 'Station Road', 'Wharf Road'],
  DE: ['Werkstraße', 'Am Mühlbach', 'Gewerbering', 'Hafenweg', 'Gartenstraße'],
  FR: ['rue des Forges', 'avenue de la Gare', 'quai du Canal', 'rue de l’Atelier'],
  ES: ['Calle del Molino', 'Avenida de la Industria', 'Calle Nueva', 'Paseo del Río'],
  CN: ['工业园区兴业路', '高新区创新大道', '经济开发区长江东路', '科技园南二路', '滨河新区建设路', '高新区银杏街'],
}

const cities = new Map(
  CITIES.trim()
    .split('\n')
    .map((line): [string, City] => {
      const [key, name, state, postalCode, countryCode, phone, digits] = line.split('|') as [string, ...string[]]
      const place = { name: name!, postalCode: postalCode!, countryCode: countryCode!, phone: phone! }
      return [key, { ...place, digits: Number(digits), ...(state ? { state } : {}) }]
    }),
)

/** The city of a key; throws RangeError for an unknown one. */
export function cityOf(key: string): City {
  const city = cities.get(key)
  if (!city) throw new RangeError(`no city ${key}`)
  return city
}

/** An address in the city, written the way of its country. */
export function addressIn(city: City, random: Random): DemoAddress {
  const { name, state, postalCode, countryCode } = city
  const street = random.pick(STREETS[countryCode] ?? [])
  const number = random.int(2, countryCode === 'US' || countryCode === 'CA' ? 980 : 188)
  const line: Record<string, string> = {
    CN: `${street}${number}号`,
    DE: `${street} ${number}`,
    ES: `${street}, ${number}`,
  }
  return {
    street: line[countryCode] ?? `${number} ${street}`,
    city: name,
    ...(state ? { state } : {}),
    postalCode,
    countryCode,
  }
}

/** Hands out made-up telephone numbers, none of them twice. */
export interface PhoneBook {
  /** A number of the city's network. */
  landline(city: City): string
  /** A mobile number, undefined where the country has none to make up. */
  mobile(city: City): string | undefined
}

/** An empty phone book. Throws RangeError once a city's block is used up. */
export function createPhoneBook(): PhoneBook {
  const used = new Map<string, number>()

  function deal(phone: string, digits: number): string {
    const size = 10 ** digits
    const count = used.get(phone) ?? 0
    if (count >= size) throw new RangeError(`no number left in ${phone}`)
    used.set(phone, count + 1)
    // A step without a common factor with 10 visits every number once, in no visible order.
    const step = digits > 4 ? 1_234_577 : 37
    return phone + String((17 + count * step) % size).padStart(digits, '0')
  }

  function landline(city: City): string {
    return deal(city.phone, city.digits)
  }

  function mobile(city: City): string | undefined {
    if (city.countryCode === 'US' || city.countryCode === 'CA') return landline(city)
    const block = MOBILES[city.countryCode]
    return block && deal(block.phone, block.digits)
  }

  return { landline, mobile }
}
