"""ISO 639: the two-letter code of a language that a language model names by three letters and a script."""

import re
from types import MappingProxyType

_TWO_LETTERS = """
    aar:aa abk:ab afr:af aka:ak als:sq amh:am ara:ar arb:ar arg:an asm:as ava:av ave:ae aym:ay ayr:ay aze:az azj:az
    bak:ba bam:bm bel:be ben:bn bis:bi bod:bo bos:bs bre:br bul:bg cat:ca ces:cs cha:ch che:ce chu:cu chv:cv cmn:zh
    cor:kw cos:co cre:cr cwd:cr cym:cy dan:da deu:de div:dv dzo:dz ekk:et ell:el eng:en epo:eo esk:ik est:et eus:eu
    ewe:ee fao:fo fas:fa fij:fj fin:fi fra:fr fry:fy fuc:ff ful:ff gaz:om gla:gd gle:ga glg:gl glv:gv grn:gn gug:gn
    guj:gu hat:ht hau:ha hbs:sh heb:he her:hz hin:hi hmo:ho hrv:hr hun:hu hye:hy ibo:ig ido:io iii:ii ike:iu iku:iu
    ile:ie ina:ia ind:id ipk:ik isl:is ita:it jav:jv jpn:ja kal:kl kan:kn kas:ks kat:ka kau:kr kaz:kk khk:mn khm:km
    kik:ki kin:rw kir:ky kmr:ku knc:kr kng:kg kom:kv kon:kg kor:ko kpv:kv kua:kj kur:ku lao:lo lat:la lav:lv lim:li
    lin:ln lit:lt ltz:lb lub:lu lug:lg lvs:lv mah:mh mal:ml mar:mr mkd:mk mlg:mg mlt:mt mon:mn mri:mi msa:ms mya:my
    nau:na nav:nv nbl:nr nde:nd ndo:ng nep:ne nld:nl nno:nn nob:nb nor:no npi:ne nya:ny oci:oc ojg:oj oji:oj ori:or
    orm:om ory:or oss:os pan:pa pbu:ps pes:fa pli:pi plt:mg pol:pl por:pt pus:ps que:qu quz:qu roh:rm ron:ro run:rn
    rus:ru sag:sg san:sa sin:si slk:sk slv:sl sme:se smo:sm sna:sn snd:sd som:so sot:st spa:es sqi:sq src:sc srd:sc
    srp:sr ssw:ss sun:su swa:sw swe:sv swh:sw tah:ty tam:ta tat:tt tel:te tgk:tg tgl:tl tha:th tir:ti ton:to tsn:tn
    tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur uzb:uz uzn:uz ven:ve vie:vi vol:vo wln:wa wol:wo xho:xh ydd:yi
    yid:yi yor:yo zha:za zho:zh zsm:ms zul:zu zyb:za
"""
TWO_LETTERS = MappingProxyType(dict(pair.split(":") for pair in _TWO_LETTERS.split()))
"""The ISO 639-1 code by ISO 639-3 code, where there is one.

A language that is the usual form of a larger one has the code of the larger one, such as `cmn:zh`, `arb:ar` and
`zsm:ms`. Sources: ISO 639-3, and the language aliases of Unicode CLDR, as langcodes and babel hold them.
"""

_WITH_SCRIPT = re.compile(r"([a-z]{3})_[A-Z][a-z]{3}")


def codes_of_label(label: str) -> tuple[str, ...]:
    """The codes of the language of a label such as `zho_Hans` (ISO 639-3 and ISO 15924), without the script: the
    two-letter code first, if there is one, then that of three letters. Empty for a label of another form."""
    match = _WITH_SCRIPT.fullmatch(label)
    if match is None:
        return ()
    return (TWO_LETTERS[match[1]], match[1]) if match[1] in TWO_LETTERS else (match[1],)
