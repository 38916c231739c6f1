"""Untrusted side. What a metric may use of numpy: computing yes, files, raw memory and settings no."""

from __future__ import annotations

from typing import Final

from sandbox.language.rules import ClassRule, ModuleRule, refusals, words

# Of arrays, and of scalars, which take after them.
_REFUSED: Final = refusals(
    (
        "ctypes data",
        "raw memory is out of reach; index the array",
    ),
    (
        "dump dumps tofile",
        "metrics write no files",
    ),
    (
        "resize",
        "it can leave other arrays on freed memory; use np.resize",
    ),
)

MODULES: Final[dict[str, ModuleRule]] = {
    # Everything that computes on arrays; no files, no process-wide settings.
    "numpy": ModuleRule(
        words(
            """
        False_ ScalarType True_ abs absolute acos acosh add all allclose amax amin angle any append
        apply_along_axis apply_over_axes arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax
        argmin argpartition argsort argwhere around array array2string array_equal array_equiv array_repr
        array_split array_str asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray asin
        asinh asmatrix astype atan atan2 atanh atleast_1d atleast_2d atleast_3d average bartlett base_repr
        binary_repr bincount bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not
        bitwise_or bitwise_right_shift bitwise_xor blackman block bool bool_ broadcast broadcast_arrays
        broadcast_shapes broadcast_to busday_count busday_offset busdaycalendar byte bytes_ c_ can_cast cbrt
        cdouble ceil character choose clip clongdouble column_stack common_type complex128 complex256
        complex64 complexfloating compress concat concatenate conj conjugate convolve copy copysign copyto
        corrcoef correlate cos cosh count_nonzero cov cross csingle cumprod cumsum cumulative_prod
        cumulative_sum datetime64 datetime_as_string datetime_data deg2rad degrees delete diag diag_indices
        diag_indices_from diagflat diagonal diff digitize divide divmod dot double dsplit dstack dtype e
        ediff1d einsum einsum_path empty empty_like equal errstate euler_gamma exp exp2 expand_dims expm1
        extract eye fabs fill_diagonal finfo fix flatiter flatnonzero flexible flip fliplr flipud float128
        float16 float32 float64 float_power floating floor floor_divide fmax fmin fmod
        format_float_positional format_float_scientific frexp frombuffer fromfunction fromiter frompyfunc
        fromstring full full_like gcd generic geomspace gradient greater greater_equal half hamming hanning
        heaviside histogram histogram2d histogram_bin_edges histogramdd hsplit hstack hypot i0 identity iinfo
        imag index_exp indices inexact inf inner insert int16 int32 int64 int8 int_ intc integer interp
        intersect1d intp invert is_busday isclose iscomplex iscomplexobj isdtype isfinite isfortran isin
        isinf isnan isnat isneginf isposinf isreal isrealobj isscalar issubdtype iterable ix_ kaiser kron lcm
        ldexp left_shift less less_equal lexsort linspace little_endian log log10 log1p log2 logaddexp
        logaddexp2 logical_and logical_not logical_or logical_xor logspace long longdouble longlong
        mask_indices matmul matrix matrix_transpose matvec max maximum may_share_memory mean median meshgrid
        mgrid min min_scalar_type minimum mintypecode mod modf moveaxis multiply nan nan_to_num nanargmax
        nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile
        nanstd nansum nanvar ndarray ndenumerate ndim ndindex nditer negative nested_iters newaxis nextafter
        nonzero not_equal number object_ ogrid ones ones_like outer packbits pad partition percentile
        permute_dims pi piecewise place poly poly1d polyadd polyder polydiv polyfit polyint polymul polysub
        polyval positive pow power prod promote_types ptp put put_along_axis putmask quantile r_ rad2deg
        radians ravel ravel_multi_index real real_if_close recarray reciprocal record remainder repeat
        require reshape resize result_type right_shift rint roll rollaxis roots rot90 round row_stack s_
        searchsorted select setdiff1d setxor1d shape shares_memory short sign signbit signedinteger sin sinc
        single sinh size sort sort_complex spacing split sqrt square squeeze stack std str_ subtract sum
        swapaxes take take_along_axis tan tanh tensordot tile timedelta64 trace transpose trapezoid tri tril
        tril_indices tril_indices_from trim_zeros triu triu_indices triu_indices_from true_divide trunc
        typename ubyte ufunc uint uint16 uint32 uint64 uint8 uintc uintp ulong ulonglong union1d unique
        unique_all unique_counts unique_inverse unique_values unpackbits unravel_index unsignedinteger
        unstack unwrap ushort vander var vdot vecdot vecmat vectorize void vsplit vstack where zeros
        zeros_like
        """
        ),
        modules={
            "random": "numpy.random",
            "linalg": "numpy.linalg",
            "fft": "numpy.fft",
            "ma": "numpy.ma",
            "polynomial": "numpy.polynomial",
            "strings": "numpy.strings",
            "char": "numpy.char",
            "lib": "numpy.lib",
            "exceptions": "numpy.exceptions",
            "typing": "numpy.typing",
            "core": "numpy._core",
        },
        refused=refusals(
            (
                "load loadtxt genfromtxt fromfile fromregex memmap save savetxt savez savez_compressed",
                "metrics read no files; the data comes as df",
            ),
            (
                "ctypeslib f2py from_dlpack",
                "raw memory is out of reach; work with arrays",
            ),
            (
                "seterr seterrcall setbufsize geterr geterrcall getbufsize",
                "it changes numpy for the frames that follow; use np.errstate(...) in a with statement",
            ),
            (
                "set_printoptions get_printoptions printoptions info show_config show_runtime get_include",
                "format the numbers that you print with an f-string",
            ),
            (
                "bmat",
                "it reads variables by name; use np.block",
            ),
            (
                "sctypeDict typecodes",
                "use the types themselves, such as np.float64",
            ),
            (
                "testing test dtypes rec distutils",
                "use the public functions of numpy",
            ),
        ),
    ),
    # Generators and distributions; the engine seeds them for each frame.
    "numpy.random": ModuleRule(
        words(
            """
        BitGenerator Generator MT19937 PCG64 PCG64DXSM Philox RandomState SFC64 SeedSequence beta binomial
        bytes chisquare choice default_rng dirichlet exponential f gamma geometric get_state gumbel
        hypergeometric laplace logistic lognormal logseries multinomial multivariate_normal negative_binomial
        noncentral_chisquare noncentral_f normal pareto permutation poisson power rand randint randn random
        random_integers random_sample ranf rayleigh sample seed set_state shuffle standard_cauchy
        standard_exponential standard_gamma standard_normal standard_t triangular uniform vonmises wald
        weibull zipf
        """
        ),
        refused=refusals(
            (
                "get_bit_generator set_bit_generator",
                "use np.random.default_rng(seed)",
            ),
        ),
    ),
    # Linear algebra.
    "numpy.linalg": ModuleRule(
        words(
            """
        LinAlgError cholesky cond cross det diagonal eig eigh eigvals eigvalsh inv lstsq matmul matrix_norm
        matrix_power matrix_rank matrix_transpose multi_dot norm outer pinv qr slogdet solve svd svdvals
        tensordot tensorinv tensorsolve trace vecdot vector_norm
        """
        ),
    ),
    # Fourier transforms.
    "numpy.fft": ModuleRule(
        words(
            """
        fft fft2 fftfreq fftn fftshift hfft ifft ifft2 ifftn ifftshift ihfft irfft irfft2 irfftn rfft rfft2
        rfftfreq rfftn
        """
        ),
    ),
    # Masked arrays; the print option and the shared constant for it are left out.
    "numpy.ma": ModuleRule(
        words(
            """
        MAError MaskError MaskType MaskedArray abs absolute add all allclose allequal alltrue amax amin angle
        anom anomalies any append apply_along_axis apply_over_axes arange arccos arccosh arcsin arcsinh
        arctan arctan2 arctanh argmax argmin argsort around array asanyarray asarray atleast_1d atleast_2d
        atleast_3d average bitwise_and bitwise_or bitwise_xor bool_ ceil choose clip clump_masked
        clump_unmasked column_stack common_fill_value compress compress_cols compress_nd compress_rowcols
        compress_rows compressed concatenate conjugate convolve copy corrcoef correlate cos cosh count
        count_masked cov cumprod cumsum default_fill_value diag diagflat diagonal diff divide dot dstack
        ediff1d empty empty_like equal exp expand_dims fabs filled fix_invalid flatnotmasked_contiguous
        flatnotmasked_edges flatten_mask flatten_structured_array floor floor_divide fmod frombuffer fromflex
        fromfunction getdata getmask getmaskarray greater greater_equal harden_mask hsplit hstack hypot
        identity ids in1d indices inner innerproduct intersect1d isMA isMaskedArray is_mask is_masked isarray
        isin left_shift less less_equal log log10 log2 logical_and logical_not logical_or logical_xor
        make_mask make_mask_descr make_mask_none mask_cols mask_or mask_rowcols mask_rows masked masked_all
        masked_all_like masked_array masked_equal masked_greater masked_greater_equal masked_inside
        masked_invalid masked_less masked_less_equal masked_not_equal masked_object masked_outside
        masked_singleton masked_values masked_where max maximum maximum_fill_value mean median min minimum
        minimum_fill_value mod mr_ multiply mvoid ndenumerate ndim negative nomask nonzero not_equal
        notmasked_contiguous notmasked_edges ones ones_like outer outerproduct polyfit power prod product ptp
        put putmask ravel remainder repeat reshape resize right_shift round round_ row_stack set_fill_value
        setdiff1d setxor1d shape sin sinh size soften_mask sometrue sort sqrt squeeze stack std subtract sum
        swapaxes take tan tanh trace transpose true_divide union1d unique vander var vstack where zeros
        zeros_like
        """
        ),
    ),
    # Polynomial classes; the print style is process-wide.
    "numpy.polynomial": ModuleRule(
        words(
            """
        Chebyshev Hermite HermiteE Laguerre Legendre Polynomial
        """
        ),
    ),
    # Vectorised string functions.
    "numpy.strings": ModuleRule(
        words(
            """
        add capitalize center count decode encode endswith equal expandtabs find greater greater_equal index
        isalnum isalpha isdecimal isdigit islower isnumeric isspace istitle isupper less less_equal ljust
        lower lstrip mod multiply not_equal partition replace rfind rindex rjust rpartition rstrip slice
        startswith str_len strip swapcase title translate upper zfill
        """
        ),
    ),
    # Their older names.
    "numpy.char": ModuleRule(
        words(
            """
        add array asarray capitalize center chararray compare_chararrays count decode encode endswith equal
        expandtabs find greater greater_equal index isalnum isalpha isdecimal isdigit islower isnumeric
        isspace istitle isupper join less less_equal ljust lower lstrip mod multiply not_equal partition
        replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith str_len strip
        swapcase title translate upper zfill
        """
        ),
    ),
    # Only the way to sliding windows.
    "numpy.lib": ModuleRule(
        frozenset(),
        modules={"stride_tricks": "numpy.lib.stride_tricks"},
    ),
    # Classes to catch.
    "numpy.exceptions": ModuleRule(
        words(
            """
        AxisError ComplexWarning DTypePromotionError ModuleDeprecationWarning TooHardError
        VisibleDeprecationWarning
        """
        ),
    ),
    # For annotations.
    "numpy.typing": ModuleRule(
        words(
            """
        ArrayLike DTypeLike NDArray
        """
        ),
    ),
    # as_strided reads and writes out of bounds, the others do not.
    "numpy.lib.stride_tricks": ModuleRule(
        words(
            """
        sliding_window_view
        """
        ),
        refused=refusals(
            (
                "as_strided",
                "it can read and write outside of the array; use np.lib.stride_tricks.sliding_window_view",
            ),
        ),
    ),
    # What numpy.core became; only the way to _methods.
    "numpy._core": ModuleRule(
        frozenset(),
        modules={"_methods": "numpy._core._methods"},
    ),
    # What numpy.core._methods became: the functions behind the methods of arrays.
    "numpy._core._methods": ModuleRule(
        words(
            """
        _all _amax _amin _any _clip _count_reduce_items _mean _prod _ptp _std _sum _var
        """
        ),
    ),
}

CLASSES: Final[dict[str, ClassRule]] = {
    # Arrays: no raw memory, no files.
    "numpy.ndarray": ClassRule(
        words(
            """
        T all anom any argmax argmin argpartition argsort astype base baseclass byteswap choose clip compress
        compressed conj conjugate copy count cumprod cumsum device diagonal dot dtype field fill fill_value
        filled flags flat flatten get_fill_value get_imag get_real getfield harden_mask hardmask ids imag
        iscontiguous item itemsize mT mask max mean min nbytes ndim nonzero partition prod product ptp put
        ravel real recordmask repeat reshape round searchsorted set_fill_value setfield setflags shape
        sharedmask shrink_mask size soften_mask sort squeeze std strides sum swapaxes take to_device tobytes
        toflex tolist torecords trace transpose unshare_mask var view
        """
        ),
        refused=_REFUSED,
        columns=True,
        writable=words("shape flat real imag mask fill_value"),
    ),
    # Scalars, as arrays.
    "numpy.generic": ClassRule(
        words(
            """
        T all any argmax argmin argsort as_integer_ratio astype base bit_count byteswap capitalize casefold
        center choose clip compress conj conjugate copy count cumprod cumsum denominator device diagonal
        dtype encode endswith expandtabs fill find flags flat flatten fromhex getfield hex imag index
        is_integer isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable
        isspace istitle isupper item itemsize join ljust lower lstrip maketrans max mean min nbytes ndim
        nonzero numerator partition prod put ravel real removeprefix removesuffix repeat replace reshape
        rfind rindex rjust round rpartition rsplit rstrip searchsorted setfield setflags shape size sort
        split splitlines squeeze startswith std strides strip sum swapaxes swapcase take title to_device
        tobytes tolist trace translate transpose upper var view zfill
        """
        ),
        refused=_REFUSED,
    ),
    # Bit generators hand out C pointers.
    "numpy.random.bit_generator.BitGenerator": ClassRule(
        words(
            """
        advance jumped random_raw seed_seq spawn state
        """
        ),
        refused=refusals(
            (
                "ctypes cffi capsule lock",
                "raw memory is out of reach; call the generator",
            ),
        ),
    ),
}
