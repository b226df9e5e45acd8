"""Short files in many languages and encodings, as people's spreadsheets hold them: names, cities, notes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

_GERMAN = (
    "Müller Köln Weiß Jürgen Göppingen Größe Straße schön Bäcker Düsseldorf|Firma Ort Notiz Umsatz|gefällt"
)
_FRENCH = "René Orléans Zoë François Hélène Besançon Société Générale Évreux|Prénom Ville Société|déjà reçu"
_SPANISH = (
    "José Muñoz Peña Málaga Córdoba Núñez Ángel Cádiz Logroño Íñigo|Nombre Ciudad Compañía|mañana a las diez"
)
_SWEDISH = (
    "Åsa Björn Malmö Västerås Sjöberg Göteborg Håkan Östersund Växjö|Namn Stad Företag|ringer på måndag"
)
_PORTUGUESE = (
    "João Conceição São Paulo Brasília Gonçalves Inês Évora Simões|Nome Cidade Observação|não respondeu"
)
_POLISH = (
    "Łukasz Kraków Gdańsk Żaneta Wiśniewski Małgorzata Łódź Wąchock|Imię Miasto Nazwisko|proszę zadzwonić"
)
_CZECH = (
    "Jiří Plzeň Žofie Dvořák Ústí Brno Řehoř Třebíč Košťál Děčín|Jméno Město Společnost|volat příští týden"
)
_HUNGARIAN = "Győr Erdős László Szőke Pécs Kőszeg Ödön Székesfehérvár Hegedűs|Név Város Cég|később hívni kell"
_RUSSIAN = (
    "Анна Олег Пермь Тверь Ирина Смирнов Казань Москва Юрий Щербаков|Имя Город Компания|перезвонить завтра"
)
_UKRAINIAN = "Олена Київ Львів Їжак Ганна Шевченко Одеса Чернівці Єва|Ім'я Місто Компанія|передзвонити завтра"
_BULGARIAN = "Георги София Пловдив Стоянов Варна Цветан Бургас Христо|Име Град Фирма|да се обади утре"
_JAPANESE = "佐藤 鈴木 東京都 大阪 株式会社 さくら カタカナ 表示 能力 ソフト|氏名 都市 会社名|明日電話します"
_CHINESE = "王伟 李娜 北京市 上海 有限公司 张敏 深圳 广州 刘洋 杭州|姓名 城市 公司名称|明天再打电话"
_TAIWANESE = (
    "陳怡君 林志明 臺北市 高雄 股份有限公司 黃淑芬 許功蓋 臺中 張雅婷|姓名 城市 公司名稱|請明天再打電話"
)
_KOREAN = "김민수 이영희 서울특별시 부산 주식회사 박지훈 대전 최수진 인천|이름 도시 회사명|내일 다시 전화"

#: Each encoding, as the contract names it, with Python's name for it and texts that are written in it.
_LANGUAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "utf-8": ("utf-8", (_GERMAN, _POLISH, _RUSSIAN, _JAPANESE, _KOREAN)),
    "utf-16-le": ("utf-16-le", (_FRENCH, _CZECH, _CHINESE)),
    "utf-16-be": ("utf-16-be", (_SPANISH, _HUNGARIAN, _TAIWANESE)),
    "windows-1250": ("cp1250", (_POLISH, _CZECH, _HUNGARIAN)),
    "windows-1251": ("cp1251", (_RUSSIAN, _UKRAINIAN, _BULGARIAN)),
    "windows-1252": ("cp1252", (_GERMAN, _FRENCH, _SPANISH, _SWEDISH, _PORTUGUESE)),
    "shift_jis": ("cp932", (_JAPANESE,)),
    "gb18030": ("gb18030", (_CHINESE,)),
    "big5": ("cp950", (_TAIWANESE,)),
    "euc-kr": ("cp949", (_KOREAN,)),
    "mac-roman": ("mac_roman", (_GERMAN, _FRENCH, _SPANISH, _SWEDISH, _PORTUGUESE)),
    "koi8-r": ("koi8-r", (_RUSSIAN,)),
}
#: Their byte order marks, without which nobody could tell them.
_MARKS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A short file, its encoding, and its text."""

    encoding: str
    content: bytes
    text: str


def samples(each: int) -> Iterator[Sample]:
    """Yield as many samples in each of the 12 encodings, always the same: 2 to 9 rows of 2 or 3 cells."""
    dice = random.Random(20_260_101)
    for encoding, (codec, languages) in _LANGUAGES.items():
        for number in range(each):
            text = _table(dice, languages[number % len(languages)])
            yield Sample(encoding, _MARKS.get(encoding, b"") + text.encode(codec), text)


def _table(dice: random.Random, language: str) -> str:
    words, names, note = language.split("|")
    columns = dice.randint(2, 3)
    header = (
        dice.sample(names.split(), columns) if dice.random() < 0.7 else ["Name", "City", "Note"][:columns]
    )
    rows = [header]
    for number in range(dice.randint(2, 9)):
        cells = [dice.choice(words.split()) for _ in range(columns)]
        if dice.random() < 0.3:
            cells[-1] = note
        if dice.random() < 0.2:
            cells[-1] = f"{number},5"
        rows.append(cells)
    return "".join(";".join(row) + "\r\n" for row in rows)
