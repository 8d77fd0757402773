"""Codes of languages: ISO 639-1 has two letters, ISO 639-2 three, and for a few languages two codes.

Source: the tables of the Library of Congress, which keeps ISO 639-2
(https://www.loc.gov/standards/iso639-2/php/code_list.php).
"""

from __future__ import annotations

from collections.abc import Mapping

_THREE_OF_TWO = """
aa:aar ab:abk ae:ave af:afr ak:aka am:amh an:arg ar:ara as:asm av:ava ay:aym az:aze ba:bak be:bel bg:bul
bh:bih bi:bis bm:bam bn:ben bo:bod br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre cs:ces cu:chu cv:chv
cy:cym da:dan de:deu dv:div dz:dzo ee:ewe el:ell en:eng eo:epo es:spa et:est eu:eus fa:fas ff:ful fi:fin
fj:fij fo:fao fr:fra fy:fry ga:gle gd:gla gl:glg gn:grn gu:guj gv:glv ha:hau he:heb hi:hin ho:hmo hr:hrv
ht:hat hu:hun hy:hye hz:her ia:ina id:ind ie:ile ig:ibo ii:iii ik:ipk io:ido is:isl it:ita iu:iku ja:jpn
jv:jav ka:kat kg:kon ki:kik kj:kua kk:kaz kl:kal km:khm kn:kan ko:kor kr:kau ks:kas ku:kur kv:kom kw:cor
ky:kir la:lat lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lu:lub lv:lav mg:mlg mh:mah mi:mri mk:mkd ml:mal
mn:mon mr:mar ms:msa mt:mlt my:mya na:nau nb:nob nd:nde ne:nep ng:ndo nl:nld nn:nno no:nor nr:nbl nv:nav
ny:nya oc:oci oj:oji om:orm or:ori os:oss pa:pan pi:pli pl:pol ps:pus pt:por qu:que rm:roh rn:run ro:ron
ru:rus rw:kin sa:san sc:srd sd:snd se:sme sg:sag si:sin sk:slk sl:slv sm:smo sn:sna so:som sq:sqi sr:srp
ss:ssw st:sot su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn to:ton tr:tur
ts:tso tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd uz:uzb ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho yi:yid
yo:yor za:zha zh:zho zu:zul
"""
_BIBLIOGRAPHIC = """
alb:sqi arm:hye baq:eus bur:mya chi:zho cze:ces dut:nld fre:fra geo:kat ger:deu gre:ell ice:isl mac:mkd
mao:mri may:msa per:fas rum:ron slo:slk tib:bod wel:cym
"""


def _table(text: str) -> Mapping[str, str]:
    return dict(pair.split(":") for pair in text.split())


_THREE: Mapping[str, str] = _table(_THREE_OF_TWO)
_USUAL: Mapping[str, str] = _table(_BIBLIOGRAPHIC)
_TWO: Mapping[str, str] = {three: two for two, three in _THREE.items()}


def language_tag(code: str) -> str:
    """Return the tag of RFC 5646 for a code of ISO 639-2: its two letters where the language has them.

    Example:
        >>> [language_tag(code) for code in ("eng", "ger", "deu", "fil")]
        ['en', 'de', 'de', 'fil']
    """
    three = _USUAL.get(code, code)
    return _TWO.get(three, three)


def three_letters(code: str) -> str | None:
    """Return the code of ISO 639-2 for one of two letters; None where there is no such language.

    Example:
        >>> three_letters("de"), three_letters("xx")
        ('deu', None)
    """
    return _THREE.get(code)
