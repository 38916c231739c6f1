"""Untrusted side. What a metric may use of the standard library, where a site opens it: what only computes.

A site opens these modules one by one or all at once, as "standard". Left out of them is what reads files,
clocks or entropy, evaluates text, reaches attributes by name, or changes a class or function that is not the
metric's own; some of that is open in a guarded form (see `standard`).
"""

from __future__ import annotations

from typing import Final

from sandbox.language.rules import ClassRule, ModuleRule, refusals, words

_CLOCK: Final = "a metric depends on its data alone; take the time from the data, such as df's last timestamp"
_NO_FILES: Final = "metrics read and write no files; the data comes as df"
_ENTROPY: Final = "it differs from run to run; use a generator with a seed"
_NOT_OWN: Final = "it changes what it is given; write a plain class or function"
_ASYNC: Final = "async code is not available"

MODULES: Final[dict[str, ModuleRule]] = {
    "abc": ModuleRule(
        words("ABC abstractmethod"),
        refused=refusals(
            ("ABCMeta", "inherit from ABC"),
            ("abstractclassmethod abstractproperty abstractstaticmethod", "use @abstractmethod below it"),
            ("get_cache_token update_abstractmethods", _NOT_OWN),
        ),
        guarded=words("abstractmethod"),
    ),
    "bisect": ModuleRule(words("bisect bisect_left bisect_right insort insort_left insort_right")),
    "collections": ModuleRule(
        words("ChainMap Counter OrderedDict UserDict UserList UserString defaultdict deque namedtuple"),
        modules={"abc": "collections.abc"},
        guarded=words("namedtuple"),
    ),
    "collections.abc": ModuleRule(
        words(
            """
        Callable Collection Container Generator Hashable ItemsView Iterable Iterator KeysView Mapping
        MappingView MutableMapping MutableSequence MutableSet Reversible Sequence Set Sized ValuesView
        """
        ),
        refused=refusals(("AsyncGenerator AsyncIterable AsyncIterator Awaitable Coroutine", _ASYNC)),
    ),
    "contextlib": ModuleRule(
        words("AbstractContextManager ContextDecorator ExitStack contextmanager nullcontext suppress"),
        refused=refusals(
            ("AbstractAsyncContextManager AsyncExitStack aclosing asynccontextmanager", _ASYNC),
            ("chdir closing", _NO_FILES),
            ("redirect_stderr redirect_stdout", "what a metric prints is returned; leave it out"),
        ),
    ),
    "copy": ModuleRule(words("Error copy deepcopy")),
    "dataclasses": ModuleRule(
        words(
            """
        Field FrozenInstanceError InitVar KW_ONLY MISSING asdict astuple dataclass field fields is_dataclass
        replace
        """
        ),
        refused=refusals(("make_dataclass", "write a class with @dataclass")),
        guarded=words("dataclass"),
    ),
    "datetime": ModuleRule(words("MAXYEAR MINYEAR UTC date datetime time timedelta timezone tzinfo")),
    "decimal": ModuleRule(
        words(
            """
        Clamped Context ConversionSyntax Decimal DecimalException DecimalTuple DivisionByZero
        DivisionImpossible DivisionUndefined FloatOperation HAVE_CONTEXTVAR HAVE_THREADS Inexact
        InvalidContext InvalidOperation MAX_EMAX MAX_PREC MIN_EMIN MIN_ETINY Overflow ROUND_05UP
        ROUND_CEILING ROUND_DOWN ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP
        Rounded Subnormal Underflow getcontext localcontext setcontext
        """
        ),
        refused=refusals(("BasicContext DefaultContext ExtendedContext", "use decimal.localcontext()")),
    ),
    "enum": ModuleRule(
        words(
            """
        CONFORM CONTINUOUS EJECT Enum Flag FlagBoundary IntEnum IntFlag KEEP ReprEnum STRICT StrEnum auto
        member nonmember unique
        """
        ),
        refused=refusals(
            ("EnumMeta EnumType", "inherit from Enum"),
            ("NAMED_FLAGS UNIQUE EnumCheck verify property", "use @unique, and plain attributes"),
            (
                "global_enum global_enum_repr global_flag_repr global_str pickle_by_enum_name "
                "pickle_by_global_name",
                _NOT_OWN,
            ),
        ),
    ),
    "fractions": ModuleRule(words("Fraction")),
    "functools": ModuleRule(
        words("cache cached_property cmp_to_key lru_cache partial partialmethod reduce total_ordering wraps"),
        refused=refusals(
            ("singledispatch singledispatchmethod", "use isinstance, or match"),
            ("update_wrapper WRAPPER_ASSIGNMENTS WRAPPER_UPDATES", "use @functools.wraps(function)"),
        ),
        guarded=words("total_ordering wraps"),
    ),
    "hashlib": ModuleRule(
        words(
            """
        blake2b blake2s md5 new pbkdf2_hmac sha1 sha224 sha256 sha384 sha3_224 sha3_256 sha3_384 sha3_512
        sha512 shake_128 shake_256
        """
        ),
        refused=refusals(
            ("file_digest", _NO_FILES),
            ("algorithms_available algorithms_guaranteed", "name the algorithm"),
        ),
    ),
    "heapq": ModuleRule(
        words("heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest"),
    ),
    "itertools": ModuleRule(
        words(
            """
        accumulate batched chain combinations combinations_with_replacement compress count cycle dropwhile
        filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest
        """
        ),
    ),
    "json": ModuleRule(
        words("JSONDecodeError dumps loads"),
        refused=refusals(
            ("dump load", _NO_FILES),
            ("JSONDecoder JSONEncoder", "use json.dumps(value, default=...) and json.loads(text)"),
        ),
    ),
    "numbers": ModuleRule(words("Complex Integral Number Rational Real")),
    "operator": ModuleRule(
        words(
            """
        abs add and_ attrgetter call concat contains countOf delitem eq floordiv ge getitem gt iadd iand
        iconcat ifloordiv ilshift imatmul imod imul index indexOf inv invert ior ipow irshift is_ is_not
        is_none is_not_none isub itemgetter itruediv ixor le length_hint lshift lt matmul methodcaller mod mul
        ne neg not_ or_ pos pow rshift setitem sub truediv truth xor
        """
        ),
        guarded=words("attrgetter methodcaller"),
    ),
    "random": ModuleRule(
        words(
            """
        Random betavariate binomialvariate choice choices expovariate gammavariate gauss getrandbits getstate
        lognormvariate normalvariate paretovariate randbytes randint random randrange sample seed setstate
        shuffle triangular uniform vonmisesvariate weibullvariate
        """
        ),
        refused=refusals(("SystemRandom", _ENTROPY)),
        guarded=words("Random seed"),
    ),
    "re": ModuleRule(
        words(
            """
        A ASCII DOTALL I IGNORECASE M MULTILINE Match NOFLAG Pattern PatternError RegexFlag S U UNICODE
        VERBOSE X compile error escape findall finditer fullmatch match search split sub subn
        """
        ),
        refused=refusals(("L LOCALE purge template", "leave it out")),
    ),
    "statistics": ModuleRule(
        words(
            """
        NormalDist StatisticsError correlation covariance fmean geometric_mean harmonic_mean
        linear_regression mean median median_grouped median_high median_low mode multimode pstdev pvariance
        quantiles stdev variance
        """
        ),
    ),
    "string": ModuleRule(
        words(
            """
        Template ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable
        punctuation whitespace
        """
        ),
        refused=refusals(("Formatter", "use str.format or an f-string")),
    ),
    "textwrap": ModuleRule(words("TextWrapper dedent fill indent shorten wrap")),
    # What converts a time; the time now is the run's.
    "time": ModuleRule(
        words("asctime ctime gmtime localtime strftime strptime struct_time time time_ns"),
        refused=refusals(
            (
                "clock_gettime clock_gettime_ns monotonic monotonic_ns perf_counter perf_counter_ns "
                "process_time process_time_ns thread_time thread_time_ns",
                _CLOCK,
            ),
            ("sleep", "there is nothing to wait for; queries return when they are done"),
            ("altzone daylight mktime timezone tzname tzset", "use UTC"),
        ),
        guarded=words("asctime ctime gmtime localtime strftime time time_ns"),
    ),
    "typing": ModuleRule(
        words(
            """
        AbstractSet Annotated Any AnyStr ByteString Callable ChainMap ClassVar Collection Container
        ContextManager Counter DefaultDict Deque Dict Final FrozenSet Generator Generic Hashable ItemsView
        Iterable Iterator KeysView List Literal LiteralString Mapping MappingView Match MutableMapping
        MutableSequence MutableSet NamedTuple Never NewType NoReturn NotRequired Optional OrderedDict
        ParamSpec Pattern Protocol ReadOnly Required Reversible Self Sequence Set Sized SupportsAbs
        SupportsFloat SupportsIndex SupportsInt SupportsRound TYPE_CHECKING Text Tuple Type TypeAlias
        TypeGuard TypeIs TypeVar TypeVarTuple TypedDict Union Unpack ValuesView assert_never cast get_args
        get_origin is_typeddict
        """
        ),
        refused=refusals(
            (
                "AsyncContextManager AsyncGenerator AsyncIterable AsyncIterator Awaitable Coroutine",
                _ASYNC,
            ),
            ("ForwardRef get_type_hints evaluate_forward_ref", "annotations are not evaluated"),
            (
                "clear_overloads dataclass_transform final get_overloads no_type_check "
                "no_type_check_decorator overload override reveal_type runtime_checkable",
                "drop it; it changes nothing for a metric",
            ),
            ("BinaryIO IO TextIO", _NO_FILES),
        ),
    ),
    "uuid": ModuleRule(
        words(
            "NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL NAMESPACE_X500 RESERVED_FUTURE RESERVED_MICROSOFT "
            "RESERVED_NCS RFC_4122 UUID uuid3 uuid5"
        ),
        refused=refusals(("getnode uuid1 uuid4 uuid6 uuid7 uuid8 SafeUUID", _ENTROPY)),
    ),
    "warnings": ModuleRule(
        words("catch_warnings filterwarnings resetwarnings simplefilter warn"),
        refused=refusals(
            ("formatwarning showwarning warn_explicit", "use print; what a metric prints is returned")
        ),
    ),
}

CLASSES: Final[dict[str, ClassRule]] = {
    # Settings of the decimal module, which are the frame's own.
    "decimal.Context": ClassRule(
        words(
            """
        Emax Emin Etiny Etop abs add canonical capitals clamp clear_flags clear_traps compare compare_signal
        compare_total compare_total_mag copy copy_abs copy_decimal copy_negate copy_sign create_decimal
        create_decimal_from_float divide divide_int divmod exp flags fma is_canonical is_finite is_infinite
        is_nan is_normal is_qnan is_signed is_snan is_subnormal is_zero ln log10 logb logical_and
        logical_invert logical_or logical_xor max max_mag min min_mag minus multiply next_minus next_plus
        next_toward normalize number_class plus power prec quantize radix remainder remainder_near rotate
        rounding same_quantum scaleb shift sqrt subtract to_eng_string to_integral_exact to_integral_value
        to_sci_string to_integral traps
        """
        ),
        writable=words("Emax Emin capitals clamp prec rounding"),
    ),
}
