"""Words and captions of the sample web: a few very frequent concepts, and a long tail of rare ones.

The concepts are lower-case WordNet nouns, most frequent first. Each is the first word of a synset, because only those
are in the default metadata list ("beacon" is, "lighthouse" is not). So a sample, small enough for a laptop, has the
head-heavy entry counts that balancing is made for.
"""

from itertools import accumulate
from random import Random

_HEAD = (
    "dog;house;car;tree;flower;water;city;cat;beach;mountain;bird;boat;street;garden;horse;bridge;bicycle;child;church;"
    "river;sunset;table;chair;kitchen;book;train;snow;lake;forest;tower"
)
_TAIL = (
    # buildings and places
    "windmill;castle;cathedral;monastery;pagoda;temple;mosque;synagogue;pyramid;obelisk;aqueduct;"
    "viaduct;suspension bridge;drawbridge;greenhouse;conservatory;barn;silo;log cabin;igloo;yurt;tepee;"
    "palace;amphitheater;planetarium;observatory;skyscraper;railway station;harbor;wharf;pier;marina;canal;reservoir;"
    "fountain;cloister;crypt;catacomb;colonnade;minaret;belfry;gargoyle;chalet;bungalow;houseboat;lagoon;fjord;"
    "glacier;iceberg;volcano;geyser;waterfall;canyon;gorge;mesa;oasis;savanna;tundra;mangrove;"
    "coral reef;atoll;peninsula;cave;stalactite;stalagmite;hot spring;vineyard;"
    # sky and weather
    "aurora borealis;rainbow;thunderstorm;lightning;tornado;blizzard;fog;comet;meteor shower;solar eclipse;nebula;"
    "full moon;starfish;icicle;snowflake;"
    # animals
    "hedgehog;badger;otter;beaver;lynx;snow leopard;cheetah;giraffe;zebra;rhinoceros;hippopotamus;aardvark;pangolin;"
    "armadillo;anteater;sloth;koala;wombat;wallaby;platypus;echidna;meerkat;mongoose;capybara;chinchilla;alpaca;llama;"
    "yak;bison;ibex;chamois;walrus;narwhal;manatee;dolphin;octopus;cuttlefish;jellyfish;sea urchin;"
    "lobster;seahorse;manta;salamander;newt;chameleon;gecko;tortoise;rattlesnake;bullfrog;kingfisher;"
    "hummingbird;woodpecker;nightingale;barn owl;peregrine;osprey;puffin;albatross;flamingo;pelican;heron;stork;"
    "toucan;cockatoo;peacock;ostrich;emu;kiwi;penguin;dragonfly;ladybug;praying mantis;bumblebee;"
    "tarantula;scorpion;centipede;"
    # plants and food
    "orchid;foxglove;snapdragon;edelweiss;lavender;sunflower;water lily;cactus;baobab;sequoia;ginkgo;juniper;"
    "rhododendron;wisteria;bonsai;toadstool;truffle;artichoke;asparagus;pomegranate;persimmon;passion fruit;"
    "papaya;mango;kumquat;walnut;chestnut;pistachio;saffron;cardamom;vanilla;pretzel;strudel;"
    "tiramisu;meringue;gingerbread;ravioli;gnocchi;paella;gazpacho;goulash;sauerkraut;sushi;tempura;miso;"
    "couscous;hummus;falafel;guacamole;espresso;cider;"
    # things people make and play
    "harpsichord;accordion;bagpipe;balalaika;banjo;bassoon;clarinet;dulcimer;glockenspiel;harmonica;lute;"
    "mandolin;marimba;oboe;piccolo;sitar;tambourine;theremin;trombone;zither;abacus;astrolabe;"
    "sextant;sundial;hourglass;pocket watch;metronome;kaleidoscope;periscope;microscope;typewriter;gramophone;"
    "jukebox;sewing machine;spinning wheel;loom;anvil;kiln;bellows;samovar;chandelier;porcelain;mosaic;"
    "tapestry;stained glass;fresco;woodcut;lithograph;origami;kimono;sombrero;kilt;tiara;monocle;umbrella;parasol;"
    "rocking chair;hammock;wheelbarrow;scarecrow;birdhouse;weathervane;beehive;tractor;steam locomotive;tram;"
    "gondola;kayak;catamaran;schooner;paddle steamer;submarine;hovercraft;hot-air balloon;glider;biplane;"
    "parachute;snowmobile;dogsled;unicycle;tricycle;skateboard;surfboard;chess set;domino;yo-yo;"
    "merry-go-round;roller coaster;crossbow;chain mail;catapult;totem pole"
)
CONCEPTS: tuple[str, ...] = tuple(f"{_HEAD};{_TAIL}".split(";"))

# Zipf's law, weight 1/rank, in whole numbers: floating-point powers could change a draw between platforms.
_ZIPF = tuple(accumulate(1_000_000 // rank for rank in range(1, len(CONCEPTS) + 1)))

# All begin with a consonant, because the templates use "a".
_ADJECTIVES = ("tall", "small", "red", "quiet", "bright", "wooden", "famous", "white", "young", "little", "lonely")
_TEMPLATES = (
    "The {adj} {one} near the {two}",
    "Photo of the {adj} {one} in the morning light",
    "{One} and {two}",
    "My {adj} {one} beside our {two}, seen last summer",
    "How to paint your own {one} in seven easy steps",
    "{One}: everything you need to know",
    "People looking at the {one} from a {adj} {two}",
    "The {one} we visited on our way home",
    "Close-up of the {adj} {one}",
    "What a {adj} {one}! Is that your {two}?",
    "“{One}” – café poster by a local artist",
    "{One} & {two} for sale",
)

_NO_CONCEPT = ("IMG_{n}.JPG", "DSC0{n}", "PICT{n}", "{n}x{n}", "Lorem_ipsum_{n}", "Screenshot_{n}.png")

# Subject and rest of the sentence. Any combination is a natural caption, so eight of each make 64.
_SENTENCES: dict[str, tuple[str, str]] = {
    "de": (
        "Ein alter Leuchtturm;Der schwarze Hund;Unser kleines Haus;Die Brücke aus Stein;Ein blühender Apfelbaum;"
        "Die Katze des Nachbarn;Das rote Fahrrad;Ein großes Segelschiff",
        "steht am Ufer des Sees;im ersten Schnee des Winters;wartet vor der Tür;bei Sonnenuntergang über der Küste;"
        "gleich neben der Kirche;an einem schönen Sommertag;auf dem Weg nach München;mitten in der Stadt",
    ),
    "fr": (
        "Un vieux phare;Le chien noir;Notre petite maison;Le pont de pierre;Un pommier en fleurs;"
        "Le chat de la voisine;Le vélo rouge;Un grand voilier",
        "au bord du lac gelé;sous la première neige de l’hiver;attend devant la porte;au coucher du soleil sur la côte;"
        "juste à côté de l’église;par une belle journée d’été;sur la route de Besançon;en plein cœur de la ville",
    ),
    "es": (
        "Un faro antiguo;El perro negro;Nuestra casa pequeña;El puente de piedra;Un manzano en flor;"
        "El gato de la vecina;La bicicleta roja;Un gran velero",
        "a la orilla del lago;bajo la primera nieve del invierno;espera delante de la puerta;al atardecer en la costa;"
        "justo al lado de la iglesia;en un hermoso día de verano;camino de Logroño;en el centro de la ciudad",
    ),
    "ru": (
        "Старый маяк;Чёрная собака;Наш маленький дом;Каменный мост;Цветущая яблоня;Соседская кошка;"
        "Красный велосипед;Большой парусник",
        "на берегу озера;под первым зимним снегом;ждёт у двери;на закате у моря;прямо рядом с церковью;"
        "в прекрасный летний день;по дороге в деревню;в самом центре города",
    ),
    "ja": (
        "古い灯台と;黒い犬と;私たちの小さな家と;石の橋と;花が咲いたりんごの木と;隣の家の猫と;赤い自転車と;大きな帆船と",
        "湖の岸辺の風景;初雪の朝;夕日に染まる海;美しい夏の日の空;町の中心の広場;静かな村の道;駅前の古い通り;山の上の神社",
    ),
    "ar": (
        "منارة قديمة;كلب أسود;بيتنا الصغير;جسر من الحجر;شجرة تفاح مزهرة;قطة الجيران;دراجة حمراء;سفينة شراعية كبيرة",
        "على ضفة البحيرة;تحت أول ثلج في الشتاء;أمام باب المنزل;عند غروب الشمس على الساحل;بجانب المسجد الكبير;"
        "في يوم صيفي جميل;على الطريق إلى القرية;في وسط المدينة القديمة",
    ),
    "it": (
        "Un vecchio faro;Il cane nero;La nostra piccola casa;Il ponte di pietra;Un melo in fiore;Il gatto dei vicini;"
        "La bicicletta rossa;Un grande veliero",
        "sulla riva del lago;sotto la prima neve d’inverno;davanti alla porta di casa;al tramonto sulla costa;"
        "proprio accanto alla chiesa;in una bella giornata d’estate;sulla strada per Forlì;nel cuore della città",
    ),
}
OTHER_LANGUAGES: tuple[str, ...] = tuple(_SENTENCES)
_HALVES = {lang: (tuple(a.split(";")), tuple(b.split(";"))) for lang, (a, b) in _SENTENCES.items()}


def compose_caption(rng: Random, lang: str) -> str:
    """One caption in ``lang`` (ISO 639-1: English or one of ``OTHER_LANGUAGES``), drawn from ``rng``.

    English captions name one or two concepts, drawn by Zipf's law; the others join two halves of a sentence.
    Raises KeyError for any other language.
    """
    if lang == "en":
        one, two = rng.choices(CONCEPTS, cum_weights=_ZIPF, k=2)
        template = rng.choice(_TEMPLATES)
        return template.format(one=one, One=one[0].upper() + one[1:], two=two, adj=rng.choice(_ADJECTIVES))
    starts, ends = _HALVES[lang]
    joint = "" if lang == "ja" else " "
    return f"{rng.choice(starts)}{joint}{rng.choice(ends)}"


_JAPANESE = (
    "灯台;犬;家;小さな家;石の橋;花;りんごの木;猫;自転車;帆船;湖;岸辺;風景;初雪;朝;夕日;海;夏;空;町;広場;村;"
    "道;駅前;通り;山;神社"
)
_LISTED = ("de", "en", "es", "fr", "ja", "ru")


def entry_lists() -> dict[str, list[str]]:
    """A list of entries for each of six languages of the sample web, by its code.

    They are the concepts of English, and the words of the other captions. Arabic and Italian have none, to show what
    becomes of a language without a list.
    """
    lists = {"en": [*CONCEPTS, *_ADJECTIVES, "the", "a", "photo"], "ja": _JAPANESE.split(";")}
    for lang in _LISTED:
        if lang not in lists:
            words = " ".join(part for half in _HALVES[lang] for part in half).split(" ")
            lists[lang] = sorted(set(words))
    return {lang: lists[lang] for lang in _LISTED}


def compose_nothing(rng: Random) -> str:
    """A caption that matches no metadata entry, as cameras and editors write: a file name."""
    return rng.choice(_NO_CONCEPT).format(n=rng.randrange(1000, 9999))
