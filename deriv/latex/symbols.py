"""Tables of what control words, Unicode characters and plain words are.  Nothing here depends on a document."""

from __future__ import annotations

GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varepsilon vartheta varphi varrho varsigma "
    "varpi varkappa digamma".split()
)
# Greek letters written out without a backslash; shorter ones may be products of letters.
PLAIN_NAMES = frozenset(g for g in GREEK if len(g) > 3) | {"phi", "psi", "eta", "rho", "tau"}
NAMES = {
    **{f"\\{g}": g for g in GREEK},
    r"\ell": "ell", r"\hbar": "hbar", r"\imath": "imath", r"\jmath": "jmath", r"\Re": "Re", r"\Im": "Im",
    r"\wp": "wp", r"\aleph": "aleph", r"\i": "i", r"\j": "j",
}  # fmt: skip
# Macros that many documents use and leave to a style file.
HOUSE_NAMES = {f"\\{c}": (c, "bb") for c in "RNZQCEP"}

SYMBOLS = {
    r"\infty": "oo", r"\ldots": "dots", r"\cdots": "dots", r"\dots": "dots", r"\vdots": "dots", r"\ddots": "dots",
    r"\hdots": "dots", r"\dotsc": "dots", r"\dotsb": "dots", r"\dotsm": "dots", r"\dotso": "dots", r"\hdotsfor": "dots",
    r"\iddots": "dots", r"\adots": "dots", r"\mathellipsis": "dots", r"\textellipsis": "dots",
    r"\top": "top", r"\intercal": "top", r"\dagger": "dagger", r"\dag": "dagger", r"\ddagger": "ddagger",
    r"\emptyset": "emptyset", r"\varnothing": "emptyset", r"\forall": "forall", r"\exists": "exists",
    r"\nexists": "nexists", r"\square": "placeholder", r"\Box": "placeholder", r"\bot": "bot", r"\perp": "bot",
    r"\angle": "angle", r"\checkmark": "checkmark", r"\qed": "qed", r"\bigstar": "star", r"\star": "star",
    r"\ast": "star", r"\degree": "degree", r"\%": "percent", r"\#": "hash", r"\neg": "neg", r"\lnot": "neg",
    r"\varprime": "prime", r"\clubsuit": "clubsuit",
}  # fmt: skip

RELATIONS = {
    "=": "=", "<": "<", ">": ">", ":=": ":=", "=:": "=:", "==": "=", "<=": "<=", ">=": ">=", "->": "->", "=>": "=>",
    "<-": "<-", "~": "sim", "!=": "!=", "::=": ":=", "|->": "|->", "<=>": "<=>", "≜": "def", "≔": ":=", "≕": "=:",
    r"\ne": "!=", r"\neq": "!=", r"\lt": "<", r"\gt": ">", r"\le": "<=", r"\leq": "<=", r"\leqslant": "<=",
    r"\leqq": "<=", r"\ge": ">=", r"\geq": ">=", r"\geqslant": ">=", r"\geqq": ">=", r"\ll": "<<", r"\gg": ">>",
    r"\approx": "approx", r"\thickapprox": "approx", r"\simeq": "approx", r"\cong": "cong", r"\approxeq": "approx",
    r"\equiv": "equiv", r"\coloneqq": ":=", r"\coloneq": ":=", r"\colonequals": ":=", r"\eqqcolon": "=:",
    r"\defeq": "def", r"\eqdef": "def", r"\triangleq": "def", r"\doteq": "def", r"\propto": "propto",
    r"\varpropto": "propto", r"\in": "in", r"\notin": "notin", r"\ni": "ni", r"\sim": "sim", r"\subset": "subset",
    r"\subseteq": "subset", r"\subsetneq": "subset", r"\supset": "supset", r"\supseteq": "supset", r"\to": "to",
    r"\rightarrow": "to", r"\longrightarrow": "to", r"\mapsto": "mapsto", r"\longmapsto": "mapsto", r"\gets": "<-",
    r"\leftarrow": "<-", r"\longleftarrow": "<-", r"\succ": "succ", r"\prec": "prec",
    r"\succeq": "succeq", r"\preceq": "preceq", r"\succcurlyeq": "succeq", r"\preccurlyeq": "preceq",
    r"\lesssim": "<~", r"\gtrsim": ">~", r"\asymp": "asymp", r"\vdash": "vdash", r"\models": "models",
    r"\leftrightarrow": "<->", r"\rightsquigarrow": "to", r"\hookrightarrow": "to", r"\nearrow": "nearrow",
    r"\searrow": "searrow", r"\uparrow": "uparrow", r"\downarrow": "downarrow", r"\rightharpoonup": "to",
    r"\rightleftharpoons": "<->", r"\independent": "perp", r"\ngeq": "not>=", r"\nleq": "not<=",
}  # fmt: skip
ARROWS = {
    r"\Rightarrow": "=>", r"\implies": "=>", r"\Longrightarrow": "=>", r"\iff": "<=>", r"\Leftrightarrow": "<=>",
    r"\Longleftrightarrow": "<=>", r"\therefore": "therefore", r"\because": "because", r"\Leftarrow": "<=",
    r"\Longleftarrow": "<=", r"\impliedby": "<=",
}  # fmt: skip
NEGATED = {"=": "!=", "in": "notin", "sim": "notsim", "<": "not<", ">": "not>", "<=": "not<=", ">=": "not>=",
           "equiv": "notequiv", "subset": "notsubset", "approx": "notapprox"}  # fmt: skip

OPERATORS = {
    "*": "*", "/": "/", r"\cdot": "cdot", r"\cdotp": "cdot", r"\centerdot": "cdot", r"\times": "times", r"\ast": "*",
    r"\div": "div", r"\odot": "odot", r"\circ": "circ", r"\otimes": "otimes", r"\oplus": "oplus", r"\wedge": "wedge",
    r"\land": "wedge", r"\lor": "vee", r"\vee": "vee", r"\bmod": "mod", r"\mod": "mod", r"\star": "star",
    r"\bullet": "bullet", r"\cap": "cap", r"\cup": "cup", r"\setminus": "setminus", r"\oslash": "oslash",
    r"\backslash": "setminus", r"\ominus": "ominus", r"\sqcup": "cup", r"\uplus": "cup", r"\diamond": "diamond",
    r"\slash": "/",
}  # fmt: skip
SIGNS = {"+": "+", "-": "-", "−": "-", "–": "-", r"\pm": "±", r"\mp": "∓", "±": "±", "∓": "∓"}

BIG = {
    r"\sum": ("sum", ""), r"\prod": ("prod", ""), r"\int": ("int", ""), r"\iint": ("int", "2"), r"\iiint": ("int", "3"),
    r"\oint": ("int", ""), r"\lim": ("lim", ""), r"\smallint": ("int", ""), r"\varprojlim": ("lim", ""),
}  # fmt: skip
# Operators over sets and the like: kept as names with scripts, since the tree has no node for them.
BIG_OTHER = {r"\bigcup": "bigcup", r"\bigcap": "bigcap", r"\bigoplus": "bigoplus", r"\bigotimes": "bigotimes",
             r"\coprod": "coprod", r"\bigvee": "bigvee", r"\bigwedge": "bigwedge", r"\bigodot": "bigodot"}  # fmt: skip

FUNCTIONS = frozenset(
    "sin cos tan cot sec csc arcsin arccos arctan arccot sinh cosh tanh coth sech csch arsinh arcosh artanh log ln lg "
    "exp max min sup inf det dim ker gcd deg arg hom Pr limsup liminf argmax argmin tr Tr trace rank diag sign sgn "
    "softmax sigmoid relu ReLU vec softplus logit erf erfc Var Cov var cov logsumexp arcsinh arccosh arctanh arccoth "
    "arcsech arccsch arcoth arsech arcsch arcsec arccsc asin acos atan asinh acosh atanh signum".split()
)
BACKSLASH_FUNCTIONS = {f"\\{f}": f for f in FUNCTIONS - {"vec"}} | {
    r"\tg": "tan", r"\arctg": "arctan", r"\ctg": "cot", r"\sh": "sinh", r"\ch": "cosh", r"\th": "tanh",
    r"\Sigmoid": "sigmoid", r"\Softmax": "softmax", r"\E": "E",
}  # fmt: skip
del BACKSLASH_FUNCTIONS[r"\E"]
# Functions that stand before an argument without a bracket even when typed without a backslash.
PLAIN_FUNCTIONS = frozenset(
    "sin cos tan sinh cosh tanh arcsin arccos arctan log ln exp max min det argmax argmin tr Tr diag sgn".split()
)
# Typed without a backslash, these are functions only when a bracket follows.
BRACKET_FUNCTIONS = frozenset(
    "softmax sigmoid Sigmoid Softmax relu ReLU Relu RELU sign trace Trace rank softplus Softplus logit sqrt vec Var "
    "Cov "
    "sech csch coth erf arcsinh arctanh arccosh logsumexp GELU gelu ELU elu SiLU swish abs cosine sigm sig mean sum "
    "LeakyReLU LayerNorm MSE SSE CE BCE KL".split()
)
WORDS = frozenset(
    "MSE SSE RMSE MAE BCE CE NLL KL RSS TSS SSR SST MLE MAP TPR FPR TNR FNR AUC ROC GDP ReLU relu softmax sigmoid tanh "
    "loss cost error err output "
    "input net out new old target train test val total pred true false max min bias weight weights hidden layer score "
    "threshold otherwise else if then for where with and or let since because const constant step rate label data "
    "model grad Loss Cost Error Output Input Net Out Target Total Exp Eq and softmax ReLU else such that".split()
)  # fmt: skip
CONNECTORS = frozenset(
    "and or if for where with when then otherwise else since because thus hence so given let such that s.t. i.e. e.g. "
    "while is are whenever unless using by from which note here with respect to subject all each every but also we "
    "have get therefore implies iff by Let If For Where Then Hence Thus So And since But Note Since Because".split()
)  # fmt: skip

ACCENTS = {
    r"\hat": "hat", r"\widehat": "hat", r"\bar": "bar", r"\overline": "overline", r"\tilde": "tilde",
    r"\widetilde": "tilde", r"\dot": "dot", r"\ddot": "ddot", r"\vec": "vec", r"\overrightarrow": "vec",
    r"\check": "check", r"\widecheck": "check", r"\breve": "breve", r"\underline": "underline", r"\acute": "acute",
    r"\grave": "grave", r"\mathring": "ring", r"\dddot": "dddot", r"\overleftarrow": "lvec", r"\underbar": "underline",
    r"\uline": "underline", r"\widebar": "bar",
}  # fmt: skip
COMBINING = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot", "\u0308": "ddot", "\u20d7": "vec",
             "\u030c": "check", "\u0306": "breve", "\u0305": "overline", "\u0301": "acute",
             "\u0300": "grave"}  # fmt: skip

FONTS = {
    r"\mathbf": "bf", r"\boldsymbol": "bf", r"\bm": "bf", r"\pmb": "bf", r"\bold": "bf", r"\mathbfit": "bf",
    r"\symbf": "bf", r"\bs": "bf", r"\mathbb": "bb", r"\Bbb": "bb", r"\mathds": "bb", r"\mathbbm": "bb",
    r"\mathcal": "cal", r"\mathscr": "scr", r"\mathfrak": "frak", r"\mathnormal": "", r"\mathbold": "bf",
    r"\vb": "bf", r"\vectorbold": "bf", r"\mathit": "it", r"\mathsf": "sf", r"\mathtt": "tt", r"\mathrm": "rm",
    r"\mathbfsf": "bf", r"\symup": "rm", r"\upright": "rm", r"\mathup": "rm",
}  # fmt: skip
WORD_FONTS = frozenset(["it", "sf", "tt", "rm"])
SWITCHES = {r"\bf": "bf", r"\rm": "rm", r"\cal": "cal", r"\it": "it", r"\sf": "sf", r"\tt": "tt",
            r"\bfseries": "bf", r"\boldmath": "bf", r"\em": "it"}  # fmt: skip
TEXTS = frozenset(
    r"\text \mbox \hbox \textrm \textbf \textit \textsf \texttt \textnormal \textsc \emph \intertext \shortintertext "
    r"\textup \textmd \fbox \textcircled".split()
)

DELIMITERS = {
    "(": ("(", "open"), ")": (")", "close"), "[": ("[", "open"), "]": ("]", "close"), r"\{": ("{", "open"),
    r"\}": ("}", "close"), r"\lbrace": ("{", "open"), r"\rbrace": ("}", "close"), r"\lbrack": ("[", "open"),
    r"\rbrack": ("]", "close"), r"\langle": ("<", "open"), r"\rangle": (">", "close"), r"\lfloor": ("floor", "open"),
    r"\rfloor": ("floor", "close"), r"\lceil": ("ceil", "open"), r"\rceil": ("ceil", "close"), r"\lVert": ("‖", "open"),
    r"\rVert": ("‖", "close"), r"\lvert": ("|", "open"), r"\rvert": ("|", "close"), "|": ("|", "bar"),
    r"\vert": ("|", "bar"), r"\|": ("‖", "bar"), r"\parallel": ("‖", "bar"), r"\Vert": ("‖", "bar"), "⟨": ("<",
    "open"), "⟩": (">", "close"),
    "‖": ("‖", "bar"), "⌊": ("floor", "open"), "⌋": ("floor", "close"), "⌈": ("ceil", "open"), "⌉": ("ceil", "close"),
    r"\lparen": ("(", "open"), r"\rparen": (")", "close"), r"\llbracket": ("[", "open"), r"\rrbracket": ("]", "close"),
    r"\lgroup": ("(", "open"), r"\rgroup": (")", "close"), "∥": ("‖", "bar"), r"\mid": ("|", "mid"),
}  # fmt: skip
SIZES = frozenset(
    r"\big \Big \bigg \Bigg \bigl \Bigl \biggl \Biggl \bigr \Bigr \biggr \Biggr \bigm \Bigm \biggm \Biggm".split()
)

# Without meaning, without arguments.
SPACES = frozenset(
    r"\, \; \! \: \> \space \thinspace \medspace \thickspace \negthinspace \negmedspace \negthickspace \enspace \hfill "
    r"\hfil \mathstrut \strut \null \noindent \/ \- \@ \nobreakspace \enskip \relax".split()
)
THIN_SPACES = frozenset([r"\,", r"\;", r"\:", r"\>", r"\thinspace", r"\medspace", r"\thickspace"])
GAPS = frozenset([r"\quad", r"\qquad", r"\hskip"])
IGNORED = frozenset(
    r"\displaystyle \textstyle \scriptstyle \scriptscriptstyle \limits \nolimits \displaylimits \nonumber \notag "
    r"\hline "
    r"\toprule \midrule \bottomrule \centering \mathop \mathbin \mathrel \mathord \mathopen \mathclose \mathpunct "
    r"\mathinner \ensuremath \smash \allowbreak \nobreak \break \linebreak \pagebreak \nopagebreak \normalsize \small "
    r"\footnotesize \scriptsize \tiny \large \Large \LARGE \huge \Huge \protect \leavevmode \hfilneg \goodbreak "
    r"\raggedright \rlap \llap \mathrlap \mathllap \mathclap \clap \vcenter \newline \par \justify \normalfont "
    r"\unboldmath "
    r"\allowdisplaybreaks \medskip \smallskip \bigskip \crcr \hss \tightlist \mathchoice \qedhere \vphantom* "
    r"\displaybreak \noalign \hfilll \upshape \selectfont \sf".split()
) - {r"\sf", r"\mathchoice", r"\noalign", r"\vphantom*"}
# Without meaning, with that many arguments in braces (after an optional one in square brackets).
IGNORED_WITH_ARGUMENTS = {
    r"\label": 1, r"\tag": 1, r"\hspace": 1, r"\vspace": 1, r"\phantom": 1, r"\hphantom": 1, r"\vphantom": 1,
    r"\color": 1, r"\textcolor": 1, r"\mkern": 0, r"\bbox": 0, r"\ref": 1, r"\eqref": 1, r"\cite": 1, r"\colorbox": 1,
    r"\kern": 0, r"\hskip": 0, r"\mskip": 0, r"\cline": 1, r"\rule": 2, r"\class": 1, r"\cssId": 1, r"\style": 1,
    r"\href": 1, r"\htmlClass": 1, r"\raisebox": 1, r"\todo": 1, r"\footnote": 1, r"\marginnote": 1,
    r"\footnotemark": 0,
    r"\index": 1, r"\addtocounter": 2, r"\setcounter": 2, r"\enspace": 0, r"\fontsize": 2, r"\citep": 1, r"\citet": 1,
    r"\scalebox": 1, r"\hypertarget": 1, r"\thispagestyle": 1, r"\abovedisplayskip": 0, r"\arraycolsep": 0,
    r"\raise": 0, r"\lower": 0, r"\cellcolor": 1, r"\require": 1, r"\fcolorbox": 2,
}  # fmt: skip

DISPLAY_ENVS = frozenset(
    "equation align alignat gather multline eqnarray flalign displaymath math dmath IEEEeqnarray xalignat "
    "darray numcases subnumcases".split()
) - {"numcases", "subnumcases", "darray"}  # fmt: skip
ROW_ENVS = frozenset("aligned split gathered alignedat multlined lgathered rgathered".split())
MATRIX_ENVS = frozenset(
    "matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix array subarray psmallmatrix bsmallmatrix "
    "tabular".split()
)
CASES_ENVS = frozenset(["cases", "dcases", "rcases", "drcases", "numcases"])

UNICODE_NAMES = {
    **dict(zip("αβγδεζηθικλμνξοπρστυφχψω", (
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi "
        "chi psi omega").split(), strict=True)),
    **dict(zip("ΓΔΘΛΞΠΣΥΦΨΩ", "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split(), strict=True)),
    "ϵ": "epsilon", "ϕ": "phi", "ϑ": "vartheta", "ς": "varsigma", "ϱ": "varrho", "ℓ": "ell", "µ": "mu", "ɛ": "epsilon",
    "∆": "Delta", "Ω": "Omega", "∑": "", "∏": "",
}  # fmt: skip
UNICODE = {
    "∂": r"\partial", "∇": r"\nabla", "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "√": r"\sqrt", "·": r"\cdot",
    "⋅": r"\cdot", "∙": r"\cdot", "×": r"\times", "÷": r"\div", "≤": r"\le", "≥": r"\ge", "⩽": r"\le", "⩾": r"\ge",
    "≠": r"\ne", "≈": r"\approx", "≃": r"\approx", "≅": r"\cong", "≡": r"\equiv", "→": r"\to", "←": r"\gets",
    "⟶": r"\to", "⟵": r"\gets", "↦": r"\mapsto", "⇒": r"\Rightarrow", "⟹": r"\implies", "⇔": r"\iff",
    "⇐": r"\Leftarrow",
    "⊙": r"\odot", "∘": r"\circ", "⊗": r"\otimes", "⊕": r"\oplus", "⊤": r"\top", "∞": r"\infty", "∈": r"\in",
    "∉": r"\notin", "⊂": r"\subset", "⊆": r"\subseteq", "∝": r"\propto", "∼": r"\sim", "∀": r"\forall", "∃": r"\exists",
    "∧": r"\wedge", "∨": r"\vee", "∪": r"\cup", "∩": r"\cap", "⋯": r"\cdots", "⋮": r"\vdots", "⋱": r"\ddots",
    "…": r"\dots", "∅": r"\emptyset", "∗": "*", "⁎": "*", "＝": "=", "＋": "+", "－": "-", "（": "(", "）": ")",
    "，": ",", "、": ",", "；": ";", "：": ":", "［": "[", "］": "]", "｜": "|", "。": ".",
    "．": ".", "＜": "<", "＞": ">",
    "′": "'", "’": "'", "‘": "'", "ʹ": "'", "∴": r"\therefore", "∣": "|", "│": "|", "❘": "|", "⊺": r"\top",
    "▽": r"\nabla",
    "⁄": "/", "∕": "/", "†": r"\dagger", "≪": r"\ll", "≫": r"\gg", "‐": "-", "‑": "-", "≝": r"\triangleq", "！": "!",
}  # fmt: skip
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱᵀ", "0123456789+-()niT", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙₘₓₜ", "0123456789+-ijknmxt", strict=True))
VULGAR = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅛": (1, 8), "⅕": (1, 5), "⅙": (1, 6)}
