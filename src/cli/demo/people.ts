import { dealer, type Random } from './random.ts'

/** The language a person's name comes from. */
export type Origin = 'en' | 'zh' | 'de' | 'fr' | 'es'

/** A made-up person; `mailbox` is the name in ASCII, for the left side of an e-mail address. */
export interface Person {
  origin: Origin
  female: boolean
  firstName: string
  lastName: string
  fullName: string
  mailbox: string
}

interface Names {
  female: string[]
  male: string[]
  last: string[]
}

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

/** Common given and family names, freely combined. Chinese ones carry their pinyin after a colon. */
const NAMES: Record<Origin, Names> = {
  en: {
    female: words(
      'Alice Brenda Carol Diane Erin Fiona Grace Hannah Irene Julia Karen Laura Megan Nora Olivia Paula Rachel Sarah Teresa Wendy',
    ),
    male: words(
      'Aaron Brian Colin Daniel Ethan Frank Gavin Henry Ian Jacob Keith Liam Martin Nathan Oscar Patrick Ryan Simon Thomas Walter',
    ),
    last: words(
      'Abbott Barlow Carver Dalton Eastman Fletcher Garrison Holloway Ingram Jarvis Kendall Lockwood Merritt Norwood Osborne Prescott Quinn Radcliffe Sheldon Thornton Underhill Vickers Whitaker Yardley',
    ),
  },
  zh: {
    female: words(
      '芳:fang 娜:na 敏:min 静:jing 秀英:xiuying 丽:li 艳:yan 娟:juan 霞:xia 雪梅:xuemei 晓燕:xiaoyan 思雨:siyu 佳怡:jiayi 欣然:xinran 文静:wenjing 雅琴:yaqin 婷婷:tingting 慧:hui',
    ),
    male: words(
      '伟:wei 强:qiang 磊:lei 军:jun 洋:yang 勇:yong 杰:jie 涛:tao 明:ming 超:chao 建国:jianguo 志强:zhiqiang 浩然:haoran 子轩:zixuan 俊杰:junjie 海波:haibo 国栋:guodong 一鸣:yiming 宇航:yuhang 鹏:peng',
    ),
    last: words(
      '王:wang 李:li 张:zhang 刘:liu 陈:chen 杨:yang 赵:zhao 黄:huang 周:zhou 吴:wu 徐:xu 孙:sun 胡:hu 朱:zhu 高:gao 林:lin 何:he 郭:guo 马:ma 罗:luo 梁:liang 宋:song 郑:zheng 谢:xie 韩:han 唐:tang 冯:feng 于:yu 董:dong 萧:xiao 欧阳:ouyang 诸葛:zhuge',
    ),
  },
  de: {
    female: words('Anja Bärbel Claudia Grete Heike Jördis Käthe Mareike Sabine Ulrike'),
    male: words('Björn Dieter Götz Holger Jörg Jürgen Matthias Rüdiger Sönke Wolfgang'),
    last: words('Bäumler Döring Förster Grünwald Häußler Jäger Köhler Lützow Müller Schäfer Schröder Weiß'),
  },
  fr: {
    female: words('Aurélie Béatrice Chloé Élodie Hélène Inès Mélanie Noémie Océane Zoé'),
    male: words('André Benoît Cédric Étienne François Gaël Jérôme Loïc Rémi Théo'),
    last: words('Béranger Chénier Delaître Fauré Garçon Lefèvre Mérimée Noël Prévost Rivière Sénéchal Vallée'),
  },
  es: {
    female: words('Begoña Concepción Inés Itziar Lucía María Mónica Rocío Sofía Verónica'),
    male: words('Andrés Álvaro Iñaki Íñigo Jesús José Martín Óscar Raúl Tomás'),
    last: words('Álvarez Cortés Domínguez Fernández Gómez Ibáñez Jiménez Núñez Ordóñez Peña Sáez Zúñiga'),
  },
}

const ORIGINS: Record<string, Origin> = { CN: 'zh', DE: 'de', FR: 'fr', ES: 'es' }

/** The usual origin of a name in a country. */
export function originOf(countryCode: string): Origin {
  return ORIGINS[countryCode] ?? 'en'
}

/** Folds a name to ASCII letters in lower case; German umlauts become two letters (Müller → mueller). */
export function fold(text: string, origin: Origin): string {
  const lower = text.toLowerCase().replaceAll('ß', 'ss')
  const german = origin === 'de' ? lower.replace(/[äöü]/g, (letter) => `${letter.normalize('NFD')[0]}e`) : lower
  return german
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '')
}

/** Makes people none of whom has the same name as another; throws RangeError when an origin runs out of names. */
export function createPeople(random: Random): (origin: Origin) => Person {
  const seen = new Set<string>()
  // Dealt, not picked: few people share a family name before all names have come.
  const decks = new Map<string[], () => string>()

  function deal(list: string[]): string {
    const deck = decks.get(list) ?? dealer(random, list)
    decks.set(list, deck)
    return deck()
  }

  function draw(origin: Origin): Person {
    const names = NAMES[origin]
    const female = random.chance(0.42)
    const [firstName = '', given = firstName] = deal(female ? names.female : names.male).split(':')
    const [lastName = '', family = lastName] = deal(names.last).split(':')
    const fullName = origin === 'zh' ? lastName + firstName : `${firstName} ${lastName}`
    const mailbox = `${fold(given, origin)}.${fold(family, origin)}`
    return { origin, female, firstName, lastName, fullName, mailbox }
  }

  return function person(origin) {
    for (let tries = 0; tries < 200; tries++) {
      const made = draw(origin)
      if (seen.has(made.mailbox)) continue
      seen.add(made.mailbox)
      return made
    }
    throw new RangeError(`no ${origin} name left`)
  }
}
