/* Cuts out the few tags of a page that extraction reads, without building the page's tree.

A page's skeleton is the source of its `img`, `image`, `base` and `template` tags and of the `meta` tags that may opt
out, in order. With `with_whole`, it also has the `figure`, `picture` and `noscript` elements that hold what extraction
needs, unchanged. The same HTML parser finds the same elements in it as in the page, but faster: most of a page is
script, style, text and other tags. Elements keep the order of the source.

The tokenizer is that of the HTML standard, section 13.2.5. Whatever depends on the tree is not guessed: raw text with a
`<`, CDATA, `image`, `template` and `base` that may be in foreign content, `frameset`, `plaintext`, several `base`, and
the end of a whole element that is not plain. Such a page has no skeleton and is parsed whole.

No function reads outside the page, and each part of it is read at most a few times, so time grows with the page. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef const unsigned char *Place;

/* ---- the elements that matter ---- */

enum {
    WANTED = 1,        /* its tags are kept */
    RAW = 2,           /* it holds raw text */
    SVG = 4,           /* it starts foreign content */
    HTML_WITHIN = 8,   /* it may hold open HTML elements, which hide the end of the foreign content around it */
    NEEDS_A_TREE = 16, /* it changes how everything after it is read */
    WHOLE = 32,        /* it is kept whole if it holds what extraction needs */
    CLOSING = 64,      /* its end tag closes all elements that are open in it */
    BLOCK = 128,       /* its start tag closes a `p` */
    HEADING = 256,     /* a start tag of one closes another one */
    ORDINARY = 512,    /* its tags close nothing outside a `figure` or a `noscript` */
    EMPTY = 1024,      /* it has no end tag */
    SHAPE = 2048,      /* it is part of a drawing */
    LINK = 4096,       /* a start tag of one closes another one, wherever that is */
    SCOPE = 8192       /* tags in it do not close a `p` around it */
};

typedef struct {
    const char *name;
    unsigned size, is;
} Element;

#define E(name, is) {name, sizeof(name) - 1, is}
/* by first letter */
static const Element ELEMENTS[] = {
    E("a", ORDINARY | LINK), E("abbr", ORDINARY), E("applet", SCOPE), E("article", CLOSING | BLOCK),
    E("b", ORDINARY), E("base", WANTED), E("big", ORDINARY), E("br", ORDINARY | EMPTY), E("button", CLOSING | SCOPE),
    E("caption", SCOPE), E("center", CLOSING | BLOCK), E("circle", SHAPE), E("cite", ORDINARY), E("code", ORDINARY),
    E("defs", SHAPE), E("desc", HTML_WITHIN), E("div", CLOSING | BLOCK),
    E("ellipse", SHAPE), E("em", ORDINARY),
    E("figcaption", CLOSING | BLOCK), E("figure", CLOSING | BLOCK | WHOLE), E("font", ORDINARY),
    E("footer", CLOSING | BLOCK), E("foreignobject", HTML_WITHIN), E("frameset", NEEDS_A_TREE),
    E("g", SHAPE),
    E("h1", CLOSING | BLOCK | HEADING), E("h2", CLOSING | BLOCK | HEADING), E("h3", CLOSING | BLOCK | HEADING),
    E("h4", CLOSING | BLOCK | HEADING), E("h5", CLOSING | BLOCK | HEADING), E("h6", CLOSING | BLOCK | HEADING),
    E("header", CLOSING | BLOCK), E("hr", ORDINARY | BLOCK | EMPTY),
    E("i", ORDINARY), E("iframe", RAW | ORDINARY), E("image", WANTED | ORDINARY | EMPTY),
    E("img", WANTED | ORDINARY | EMPTY),
    E("label", ORDINARY), E("line", SHAPE), E("link", ORDINARY | EMPTY),
    E("mark", ORDINARY), E("marquee", SCOPE), E("math", HTML_WITHIN | SCOPE), E("meta", WANTED | ORDINARY | EMPTY),
    E("nobr", ORDINARY | LINK), E("noembed", RAW), E("noframes", RAW), E("noscript", ORDINARY | WHOLE),
    E("object", SCOPE),
    E("p", CLOSING | BLOCK), E("path", SHAPE), E("picture", ORDINARY | WHOLE), E("plaintext", NEEDS_A_TREE),
    E("polygon", SHAPE), E("polyline", SHAPE),
    E("q", ORDINARY),
    E("rect", SHAPE),
    E("s", ORDINARY), E("script", RAW | ORDINARY), E("section", CLOSING | BLOCK), E("small", ORDINARY),
    E("source", ORDINARY | EMPTY), E("span", ORDINARY), E("strike", ORDINARY), E("strong", ORDINARY),
    E("style", RAW | ORDINARY), E("sub", ORDINARY), E("sup", ORDINARY), E("svg", SVG | SCOPE),
    E("table", SCOPE), E("td", SCOPE), E("template", WANTED | SCOPE), E("textarea", RAW), E("th", SCOPE),
    E("time", ORDINARY), E("title", RAW), E("tt", ORDINARY),
    E("u", ORDINARY), E("use", SHAPE),
    E("wbr", ORDINARY | EMPTY),
    E("xmp", RAW),
};
enum { ELEMENTS_COUNT = sizeof ELEMENTS / sizeof *ELEMENTS };
static const Element *by_letter[27]; /* the first element of each letter, then the end */
static const Element *BASE, *BUTTON, *IMAGE, *IMG, *META, *NOSCRIPT, *P, *PICTURE, *SCRIPT, *SVG_ELEMENT, *TEMPLATE;

enum { BODY_SIZE = 6 };
static const Place BODY = (Place) "<body>"; /* starts a skeleton, or its first tags would be in the head */

static unsigned char lower(unsigned char byte) { return byte >= 'A' && byte <= 'Z' ? byte | 32 : byte; }

/* Whether these bytes come next, in any case. */
static bool has(Place at, Place end, const char *lower_case, size_t size) {
    if ((size_t)(end - at) < size) return false;
    for (size_t i = 0; i < size; i++)
        if (lower(at[i]) != (unsigned char)lower_case[i]) return false;
    return true;
}

#define HAS(at, end, text) has(at, end, text, sizeof(text) - 1)

static const Element *element_of(Place name, size_t size) {
    int letter = lower(*name) - 'a';
    for (const Element *element = by_letter[letter]; element < by_letter[letter + 1]; element++)
        if (element->size == size && has(name, name + size, element->name, size)) return element;
    return NULL;
}

/* ---- tokens ---- */

typedef struct {
    Place start, name, after_name, after; /* `after` is where the next token starts */
    const Element *element;               /* NULL for one that does not matter */
    bool is_end;
} Tag;

static bool is_letter(unsigned char byte) { return lower(byte) >= 'a' && lower(byte) <= 'z'; }

static bool is_space(unsigned char byte) {
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == '\f';
}

static bool ends_name(unsigned char byte) { return is_space(byte) || byte == '/' || byte == '>'; }

/* The next place of a byte; `end` if there is none. */
static Place find(Place from, Place end, unsigned char byte) {
    Place found = from < end ? memchr(from, byte, (size_t)(end - from)) : NULL;
    return found ? found : end;
}

static bool is_tag(Place at, Place end) {
    return end - at > 2 && is_letter(at[1] == '/' ? at[2] : at[1]);
}

/* Reads the tag that starts here; false if the page ends within it. */
static bool read_tag(Place start, Place end, Tag *tag) {
    tag->start = start;
    tag->is_end = start[1] == '/';
    Place at = tag->name = start + 1 + tag->is_end;
    while (at < end && !ends_name(*at)) at++;
    tag->after_name = at;
    tag->element = element_of(tag->name, (size_t)(at - tag->name));
    for (;;) {
        while (at < end && (is_space(*at) || *at == '/')) at++;
        if (at == end) return false;
        if (*at == '>') break;
        at++; /* the first byte of an attribute's name, even a `=` */
        while (at < end && !ends_name(*at) && *at != '=') at++;
        while (at < end && is_space(*at)) at++;
        if (at == end || *at != '=') continue;
        at++;
        while (at < end && is_space(*at)) at++;
        if (at == end) return false;
        if (*at == '"' || *at == '\'') {
            at = find(at + 1, end, *at);
            if (at == end) return false;
            at++;
        } else {
            while (at < end && !is_space(*at) && *at != '>') at++;
        }
    }
    tag->after = at + 1;
    return true;
}

/* The end of the comment that starts here; `<!-->` and `<!--->` are complete comments. */
static Place after_comment(Place start, Place end) {
    for (Place at = find(start + 4, end, '>'); at < end; at = find(at + 1, end, '>')) {
        if (at[-1] == '-' && at[-2] == '-') return at + 1;
        if (at[-1] == '!' && at[-2] == '-' && at[-3] == '-' && at - start >= 7) return at + 1;
    }
    return end;
}

/* The end of what a `<` that starts no tag starts: a comment, or text. */
static Place after_other(Place start, Place end) {
    if (HAS(start, end, "<!--")) return after_comment(start, end);
    if (end - start < 2 || (start[1] != '!' && start[1] != '?' && start[1] != '/')) return start + 1;
    Place close = find(start, end, '>');
    return close == end ? end : close + 1;
}

/* Whether an end tag of the same name as a start tag is here. */
static bool is_end_of(const Tag *tag, Place at, Place end) {
    size_t size = (size_t)(tag->after_name - tag->name);
    if ((size_t)(end - at) < size + 3 || at[0] != '<' || at[1] != '/' || !ends_name(at[2 + size])) return false;
    for (size_t i = 0; i < size; i++)
        if (lower(at[2 + i]) != lower(tag->name[i])) return false;
    return true;
}

/* The end tag of the raw text that a tag starts; `end` if there is none. In a script, comments may hide end tags (the
standard's states "script data escaped" and "double escaped"). */
static Place end_of_raw_text(const Tag *tag, Place end) {
    enum { PLAIN, ESCAPED, DOUBLY_ESCAPED } state = PLAIN;
    for (Place at = tag->after; at < end; at++) {
        if (state == PLAIN && (at = find(at, end, '<')) == end) break;
        if (is_end_of(tag, at, end)) {
            if (state != DOUBLY_ESCAPED) return at;
            state = ESCAPED;
        } else if (tag->element != SCRIPT) {
            continue;
        } else if (state == PLAIN && HAS(at, end, "<!--")) {
            state = ESCAPED;
            at += 1; /* the comment's own dashes may be those of `-->` */
        } else if (state == ESCAPED && end - at > 7 && HAS(at, end, "<script") && ends_name(at[7])) {
            state = DOUBLY_ESCAPED;
        } else if (state != PLAIN && HAS(at, end, "-->")) {
            state = PLAIN;
        }
    }
    return end;
}

/* Whether only text is between a start tag and its end tag, so that it reads the same as raw text. */
static bool is_plain_text(const Tag *tag, Place end) {
    Place next = find(tag->after, end, '<');
    return next < end && is_end_of(tag, next, end);
}

/* ---- whole elements ---- */

/* The end of a drawing of shapes; NULL for one that holds something else. */
static Place end_of_drawing(Place at, Place end) {
    for (Tag tag;; at = tag.after) {
        while (at < end && is_space(*at)) at++;
        if (at == end || *at != '<' || !is_tag(at, end) || !read_tag(at, end, &tag) || !tag.element) return NULL;
        if (tag.is_end && tag.element == SVG_ELEMENT) return tag.after;
        if (!(tag.element->is & SHAPE)) return NULL;
    }
}

/* What may be open around a place: a `button`, which another one would close, and a `p`, which a block would. */
typedef struct {
    bool button, p, p_for_good; /* once something shields the `p`, its own end tag may not close it */
} Around;

static void pass(Around *around, const Tag *tag) {
    const Element *element = tag->element;
    unsigned is = element ? element->is : 0;
    if (element == BUTTON) around->button = !tag->is_end;
    around->p_for_good |= around->p && is & SCOPE;
    if (element == P || (is & BLOCK && !tag->is_end)) around->p = element == P && !tag->is_end;
}

enum { MOST_OPEN = 64 };

/* The end of the element that a tag starts; NULL if its tags alone do not show it. If elements are badly nested, a
stray `</div>` closes elements outside, and a `<td>` closes the cell around. An element is plain if no tag in it can do
so. */
static Place end_of_plain(const Tag *whole, Place end, Around around) {
    const Element *open[MOST_OPEN] = {whole->element};
    int depth = 1;
    bool is_figure = whole->element->is & BLOCK;       /* and has closed a `p` around it */
    bool is_transparent = whole->element == PICTURE;   /* any end tag in it may close it */
    unsigned nested = CLOSING | (is_transparent ? ORDINARY : 0);
    Tag tag;
    for (Place at = find(whole->after, end, '<'); at < end; at = find(at, end, '<')) {
        if (!is_tag(at, end)) {
            at = after_other(at, end);
            continue;
        }
        if (!read_tag(at, end, &tag)) return NULL;
        at = tag.after;
        const Element *element = tag.element;
        unsigned is = element ? element->is : 0;
        bool is_custom = !element && memchr(tag.name, '-', (size_t)(tag.after_name - tag.name));
        if (element == SVG_ELEMENT && !tag.is_end) {
            if (!(at = end_of_drawing(at, end))) return NULL;
        } else if (is & RAW && is & ORDINARY) {
            if (!tag.is_end && (at = end_of_raw_text(&tag, end)) == end) return NULL;
        } else if (is & BLOCK && !tag.is_end && !is_figure && (around.p || around.p_for_good)) {
            return NULL;
        } else if (is & EMPTY || (is_custom && !is_transparent)) {
            continue;
        } else if (is & nested || element == whole->element) {
            if (tag.is_end) {
                if (open[--depth] != element) return NULL;
                around.button &= element != BUTTON;
                if (!depth) return at;
            } else {
                bool closes = (element == BUTTON && around.button) || (is & HEADING && open[depth - 1]->is & HEADING) ||
                              (is_transparent && is & (CLOSING | LINK));
                if (closes || depth == MOST_OPEN) return NULL;
                around.button |= element == BUTTON;
                open[depth++] = element;
            }
        } else if (!(is & ORDINARY)) {
            return NULL;
        }
    }
    return NULL;
}

/* ---- the cut ---- */

enum { WHOLE_KINDS = 3 };

typedef struct {
    Place page, end;
    unsigned char *kept;       /* with room for the whole page */
    size_t size;               /* of what is kept */
    Place head_end;            /* NULL until it is looked for */
    Place found[WHOLE_KINDS];  /* the next thing that an element of this kind is kept for, after the last search */
    Place vain[WHOLE_KINDS];   /* an element that starts before this holds nothing to keep it for */
} Cut;

static void keep(Cut *cut, Place from, Place to) {
    memcpy(cut->kept + cut->size, from, (size_t)(to - from));
    cut->size += (size_t)(to - from);
}

static bool is_image(Place at, Place end) { return HAS(at, end, "<img") || HAS(at, end, "<image"); }

static bool is_caption(Place at, Place end) { return HAS(at, end, "<figcaption"); }

static bool is_kept_tag(Place at, Place end) {
    return is_image(at, end) || HAS(at, end, "<base") || HAS(at, end, "<meta");
}

static bool ends_head(Place at, Place end) {
    return (HAS(at, end, "</head") && end - at > 6 && ends_name(at[6])) ||
           (HAS(at, end, "<body") && end - at > 5 && ends_name(at[5]));
}

/* The next `<` of this kind, wherever it is, also in text; `end` if there is none. */
static Place next_of(Place at, Place end, bool (*is)(Place, Place)) {
    for (at = find(at, end, '<'); at < end && !is(at, end);) at = find(at + 1, end, '<');
    return at;
}

/* Whether a `meta` tag may opt out: it has one of the words of `opt_outs.META_WORDS`, or a letter as a number. */
static bool may_opt_out(const Tag *tag) {
    for (Place at = tag->after_name; at < tag->after; at++) {
        unsigned char byte = lower(*at);
        if (byte == 'n' && (HAS(at, tag->after, "noai") || HAS(at, tag->after, "noi") || HAS(at, tag->after, "none")))
            return true;
        if ((byte == 't' && HAS(at, tag->after, "tdm-r")) || (byte == '&' && HAS(at, tag->after, "&#"))) return true;
    }
    return false;
}

/* Finds the end of a whole element, NULL if it holds nothing to keep it for; false if only a tree shows it. */
static bool find_end_of_whole(Cut *cut, const Tag *tag, Around around, Place *whole_end) {
    int kind = tag->element == NOSCRIPT ? 0 : tag->element == PICTURE ? 1 : 2;
    *whole_end = NULL;
    if (cut->found[kind] < tag->after)
        cut->found[kind] = next_of(tag->after, cut->end, kind == 2 ? is_caption : is_image);
    if (cut->found[kind] == cut->end || tag->after <= cut->vain[kind]) return true;
    if (kind == 0) { /* the parser moves the images of a `noscript` in the head to the body */
        if (!cut->head_end) cut->head_end = next_of(cut->page, cut->end, ends_head);
        if (cut->head_end < cut->end && tag->start < cut->head_end) return true;
    }
    Place end = end_of_plain(tag, cut->end, around);
    if (cut->found[kind] < end) *whole_end = end;
    else cut->vain[kind] = end;
    return end != NULL;
}

/* Keeps what the skeleton of the page holds, nothing if it has no image; false if the page has no skeleton. */
static bool cut_out(Cut *cut, bool with_whole) {
    Place end = cut->end;
    int open_svgs = 0, bases = 0;
    bool has_html_within = false, has_image = false;
    Around around = {false, false, false};
    Tag tag;
    keep(cut, BODY, BODY + BODY_SIZE);
    for (Place at = find(cut->page, end, '<'); at < end; at = find(at, end, '<')) {
        bool is_foreign = open_svgs || has_html_within; /* or may be */
        bool needs_tree = false;
        Place start = at;
        if (!is_tag(at, end)) {
            needs_tree = is_foreign && HAS(at, end, "<![cdata[");
            at = after_other(at, end);
        } else {
            if (!read_tag(at, end, &tag)) break;
            at = tag.after;
            unsigned is = tag.element ? tag.element->is : 0;
            if (with_whole) pass(&around, &tag);
            if (is & WANTED && (!tag.is_end || tag.element == TEMPLATE)) {
                bases += tag.element == BASE;
                needs_tree = bases > 1 || (is_foreign && tag.element != IMG && tag.element != META);
                has_image |= tag.element == IMG || tag.element == IMAGE;
                if (tag.element != META || may_opt_out(&tag)) keep(cut, start, at);
            } else if (is & SVG) {
                open_svgs += tag.is_end ? -(open_svgs > 0) : 1;
            } else if (tag.is_end) {
                continue;
            } else if (is & RAW) {
                needs_tree = is_foreign && !is_plain_text(&tag, end);
                at = end_of_raw_text(&tag, end);
            } else if (is & HTML_WITHIN) {
                has_html_within |= !is_plain_text(&tag, end);
            } else if (is & NEEDS_A_TREE) {
                needs_tree = true;
            } else if (is & WHOLE && with_whole) {
                Place whole_end;
                if (!find_end_of_whole(cut, &tag, around, &whole_end) || (whole_end && is_foreign)) return false;
                if (whole_end) {
                    keep(cut, start, at = whole_end);
                    has_image = true;
                }
            }
        }
        if (needs_tree) {
            if (next_of(start, end, is_kept_tag) < end) return false;
            break;
        }
    }
    if (!has_image) cut->size = 0;
    return true;
}

/* ---- the module ---- */

static PyObject *skeleton(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer html;
    int with_whole;
    if (!PyArg_ParseTuple(arguments, "y*p", &html, &with_whole)) return NULL;
    Place page = html.buf;
    Cut cut = {.page = page, .end = page + html.len, .found = {page, page, page}, .vain = {page, page, page}};
    bool is_cut = false;
    Py_BEGIN_ALLOW_THREADS
    cut.kept = malloc((size_t)html.len + BODY_SIZE);
    if (cut.kept) is_cut = cut_out(&cut, with_whole);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&html);
    if (!cut.kept) return PyErr_NoMemory();
    PyObject *kept = Py_NewRef(Py_None);
    if (is_cut) kept = PyBytes_FromStringAndSize((const char *)cut.kept, (Py_ssize_t)cut.size);
    free(cut.kept);
    return kept;
}

static PyMethodDef methods[] = {{"skeleton", skeleton, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_ballast_skeleton", NULL, -1, methods, NULL, NULL, NULL, NULL};

#define NAMED(name) element_of((Place)name, sizeof(name) - 1)

PyMODINIT_FUNC PyInit__ballast_skeleton(void) {
    const Element *element = ELEMENTS;
    for (int letter = 0; letter < 27; letter++) {
        by_letter[letter] = element;
        while (element < ELEMENTS + ELEMENTS_COUNT && *element->name == 'a' + letter) element++;
    }
    BASE = NAMED("base"), BUTTON = NAMED("button"), IMAGE = NAMED("image"), IMG = NAMED("img"), META = NAMED("meta");
    NOSCRIPT = NAMED("noscript"), P = NAMED("p"), PICTURE = NAMED("picture"), SCRIPT = NAMED("script");
    SVG_ELEMENT = NAMED("svg"), TEMPLATE = NAMED("template");
    PyObject *module = PyModule_Create(&definition);
    if (module && PyModule_AddStringConstant(module, "SOURCE", SOURCE_HASH) < 0) Py_CLEAR(module);
    return module;
}
