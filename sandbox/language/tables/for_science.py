"""Untrusted side. What a metric may use of math, scipy and statsmodels."""

from __future__ import annotations

from typing import Final

from sandbox.language.rules import ModuleRule, refusals, words

MODULES: Final[dict[str, ModuleRule]] = {
    # Only the way to its parts.
    "scipy": ModuleRule(
        frozenset(),
        modules={
            "stats": "scipy.stats",
            "special": "scipy.special",
            "optimize": "scipy.optimize",
            "spatial": "scipy.spatial",
            "interpolate": "scipy.interpolate",
            "integrate": "scipy.integrate",
            "linalg": "scipy.linalg",
            "signal": "scipy.signal",
            "cluster": "scipy.cluster",
            "fft": "scipy.fft",
            "ndimage": "scipy.ndimage",
            "sparse": "scipy.sparse",
            "constants": "scipy.constants",
        },
        refused=refusals(
            (
                "io datasets odr LowLevelCallable",
                "metrics read no files and load no native code",
            ),
            (
                "test show_config",
                "use the functions of its parts",
            ),
        ),
    ),
    # Distributions and tests; classes that build distributions from text run it as code.
    "scipy.stats": ModuleRule(
        words(
            """
        Binomial BootstrapMethod CensoredData ConstantInputWarning Covariance DegenerateDataWarning FitError
        Logistic Mixture MonteCarloMethod NearConstantInputWarning Normal PermutationMethod Uniform abs
        alexandergovern alpha anderson anderson_ksamp anglit ansari arcsine argus barnard_exact bartlett
        bayes_mvs bernoulli beta betabinom betanbinom betaprime binned_statistic binned_statistic_2d
        binned_statistic_dd binom binomtest boltzmann bootstrap boschloo_exact boxcox boxcox_llf
        boxcox_normmax boxcox_normplot bradford brunnermunzel burr burr12 bws_test cauchy chatterjeexi chi
        chi2 chi2_contingency chisquare circmean circstd circvar combine_pvalues cosine cramervonmises
        cramervonmises_2samp crystalball cumfreq describe dgamma differential_entropy directional_stats
        dirichlet dirichlet_multinomial dlaplace dpareto_lognorm dunnett dweibull ecdf energy_distance
        entropy epps_singleton_2samp erlang exp expectile expon exponnorm exponpow exponweib f f_oneway
        false_discovery_control fatiguelife fisher_exact fisk fit fligner foldcauchy foldnorm
        friedmanchisquare gamma gausshyper gaussian_kde genexpon genextreme gengamma genhalflogistic
        genhyperbolic geninvgauss genlogistic gennorm genpareto geom gibrat gmean gompertz goodness_of_fit
        gstd gumbel_l gumbel_r gzscore halfcauchy halfgennorm halflogistic halfnorm hmean hypergeom hypsecant
        invgamma invgauss invweibull invwishart iqr irwinhall jarque_bera jf_skew_t johnsonsb johnsonsu
        kappa3 kappa4 kendalltau kruskal ks_1samp ks_2samp ksone kstat kstatvar kstest kstwo kstwobign
        kurtosis kurtosistest landau laplace laplace_asymmetric levene levy levy_l levy_stable linregress
        lmoment log loggamma logistic loglaplace lognorm logrank logser loguniform lomax mannwhitneyu
        matrix_normal matrix_t maxwell median_abs_deviation median_test mielke mode moment monte_carlo_test
        mood moyal multinomial multiscale_graphcorr multivariate_hypergeom multivariate_normal multivariate_t
        mvsdist nakagami nbinom ncf nchypergeom_fisher nchypergeom_wallenius nct ncx2 nhypergeom norm
        normal_inverse_gamma normaltest norminvgauss obrientransform order_statistic ortho_group
        page_trend_test pareto pearson3 pearsonr percentileofscore permutation_test planck pmean
        pointbiserialr poisson poisson_binom poisson_means_test power power_divergence powerlaw powerlognorm
        powernorm ppcc_max ppcc_plot probplot quantile quantile_test randint random_correlation random_table
        rankdata ranksums rayleigh rdist recipinvgauss reciprocal rel_breitwigner relfreq rice rv_histogram
        scoreatpercentile sem semicircular shapiro siegelslopes sigmaclip skellam skew skewcauchy skewnorm
        skewtest sobol_indices somersd spearmanr spearmanrho special_ortho_group studentized_range t
        theilslopes tiecorrect tmax tmean tmin trapezoid triang trim1 trim_mean trimboth truncate truncexpon
        truncnorm truncpareto truncweibull_min tsem tstd ttest_1samp ttest_ind ttest_ind_from_stats ttest_rel
        tukey_hsd tukeylambda tvar uniform uniform_direction unitary_group variation vonmises vonmises_fisher
        vonmises_line wald wasserstein_distance wasserstein_distance_nd weibull_max weibull_min weightedtau
        wilcoxon wishart wrapcauchy yeojohnson yeojohnson_llf yeojohnson_normmax yeojohnson_normplot
        yulesimon zipf zipfian zmap zscore
        """
        ),
        modules={
            "contingency": "scipy.stats.contingency",
            "qmc": "scipy.stats.qmc",
            "mstats": "scipy.stats.mstats",
        },
        refused=refusals(
            (
                "rv_continuous rv_discrete make_distribution",
                "a distribution of your own is built from text run as code; use rv_histogram, or write "
                "its functions",
            ),
        ),
    ),
    # Contingency tables.
    "scipy.stats.contingency": ModuleRule(
        words(
            """
        association chi2_contingency crosstab expected_freq margins odds_ratio relative_risk
        """
        ),
    ),
    # Quasi-random samples.
    "scipy.stats.qmc": ModuleRule(
        words(
            """
        Halton LatinHypercube MultinomialQMC MultivariateNormalQMC PoissonDisk QMCEngine Sobol discrepancy
        geometric_discrepancy scale update_discrepancy
        """
        ),
    ),
    # Statistics of masked arrays.
    "scipy.stats.mstats": ModuleRule(
        words(
            """
        argstoarray brunnermunzel chisquare compare_medians_ms count_tied_groups describe f_oneway
        find_repeats friedmanchisquare gmean hdmedian hdquantiles hdquantiles_sd hmean idealfourths
        kendalltau kendalltau_seasonal kruskal kruskalwallis ks_1samp ks_2samp ks_twosamp kstest kurtosis
        kurtosistest linregress mannwhitneyu median_cihs meppf mjci mode moment mquantiles mquantiles_cimj
        msign normaltest obrientransform pearsonr plotting_positions pointbiserialr rankdata rsh
        scoreatpercentile sem sen_seasonal_slopes siegelslopes skew skewtest spearmanr theilslopes tmax tmean
        tmin trim trima trimboth trimmed_mean trimmed_mean_ci trimmed_std trimmed_stde trimmed_var trimr
        trimtail tsem ttest_1samp ttest_ind ttest_onesamp ttest_rel tvar variation winsorize zmap zscore
        """
        ),
    ),
    # Special functions; settings are process-wide.
    "scipy.special": ModuleRule(
        words(
            """
        SpecialFunctionError SpecialFunctionWarning agm ai_zeros airy airye assoc_laguerre assoc_legendre_p
        assoc_legendre_p_all bdtr bdtrc bdtri bdtrik bdtrin bei bei_zeros beip beip_zeros ber ber_zeros
        bernoulli berp berp_zeros besselpoly beta betainc betaincc betainccinv betaincinv betaln bi_zeros
        binom boxcox boxcox1p btdtria btdtrib c_roots cbrt cg_roots chdtr chdtrc chdtri chdtriv chebyc chebys
        chebyt chebyu chndtr chndtridf chndtrinc chndtrix comb cosdg cosm1 cotdg dawsn digamma diric
        ellip_harm ellip_harm_2 ellip_normal ellipe ellipeinc ellipj ellipk ellipkinc ellipkm1 elliprc
        elliprd elliprf elliprg elliprj entr erf erf_zeros erfc erfcinv erfcx erfi erfinv errstate euler
        eval_chebyc eval_chebys eval_chebyt eval_chebyu eval_gegenbauer eval_genlaguerre eval_hermite
        eval_hermitenorm eval_jacobi eval_laguerre eval_legendre eval_sh_chebyt eval_sh_chebyu eval_sh_jacobi
        eval_sh_legendre exp1 exp10 exp2 expi expit expm1 expn exprel factorial factorial2 factorialk fdtr
        fdtrc fdtri fdtridfd fresnel fresnel_zeros fresnelc_zeros fresnels_zeros gamma gammainc gammaincc
        gammainccinv gammaincinv gammaln gammasgn gdtr gdtrc gdtria gdtrib gdtrix gegenbauer genlaguerre h1vp
        h2vp h_roots hankel1 hankel1e hankel2 hankel2e he_roots hermite hermitenorm huber hyp0f1 hyp1f1
        hyp2f1 hyperu i0 i0e i1 i1e inv_boxcox inv_boxcox1p it2i0k0 it2j0y0 it2struve0 itairy iti0k0 itj0y0
        itmodstruve0 itstruve0 iv ive ivp j0 j1 j_roots jacobi jn jn_zeros jnjnp_zeros jnp_zeros jnyn_zeros
        js_roots jv jve jvp k0 k0e k1 k1e kei kei_zeros keip keip_zeros kelvin kelvin_zeros ker ker_zeros
        kerp kerp_zeros kl_div kn kolmogi kolmogorov kv kve kvp l_roots la_roots laguerre lambertw legendre
        legendre_p legendre_p_all lmbda log1p log_expit log_ndtr log_softmax log_wright_bessel loggamma logit
        logsumexp lpmv lqmn lqn mathieu_a mathieu_b mathieu_cem mathieu_even_coef mathieu_modcem1
        mathieu_modcem2 mathieu_modsem1 mathieu_modsem2 mathieu_odd_coef mathieu_sem modfresnelm modfresnelp
        modstruve multigammaln nbdtr nbdtrc nbdtri nbdtrik nbdtrin ncfdtr ncfdtri ncfdtridfd ncfdtridfn
        ncfdtrinc nctdtr nctdtridf nctdtrinc nctdtrit ndtr ndtri ndtri_exp nrdtrimn nrdtrisd obl_ang1
        obl_ang1_cv obl_cv obl_cv_seq obl_rad1 obl_rad1_cv obl_rad2 obl_rad2_cv owens_t p_roots pbdn_seq pbdv
        pbdv_seq pbvv pbvv_seq pbwa pdtr pdtrc pdtri pdtrik perm poch polygamma powm1 pro_ang1 pro_ang1_cv
        pro_cv pro_cv_seq pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv ps_roots pseudo_huber psi radian rel_entr
        rgamma riccati_jn riccati_yn roots_chebyc roots_chebys roots_chebyt roots_chebyu roots_gegenbauer
        roots_genlaguerre roots_hermite roots_hermitenorm roots_jacobi roots_laguerre roots_legendre
        roots_sh_chebyt roots_sh_chebyu roots_sh_jacobi roots_sh_legendre round s_roots sh_chebyt sh_chebyu
        sh_jacobi sh_legendre shichi sici sinc sindg smirnov smirnovi softmax softplus spence sph_harm_y
        sph_harm_y_all sph_legendre_p sph_legendre_p_all spherical_in spherical_jn spherical_kn spherical_yn
        stdtr stdtridf stdtrit stirling2 struve t_roots tandg tklmbda ts_roots u_roots us_roots voigt_profile
        wofz wright_bessel wrightomega xlog1py xlogy y0 y0_zeros y1 y1_zeros y1p_zeros yn yn_zeros ynp_zeros
        yv yve yvp zeta zetac
        """
        ),
        refused=refusals(
            (
                "seterr geterr",
                "it changes scipy for the frames that follow; use scipy.special.errstate(...) in a with "
                "statement",
            ),
        ),
    ),
    # Minimisation, roots, fits.
    "scipy.optimize": ModuleRule(
        words(
            """
        BFGS Bounds BroydenFirst HessianUpdateStrategy InverseJacobian KrylovJacobian LbfgsInvHessProduct
        LinearConstraint NoConvergence NonlinearConstraint OptimizeResult OptimizeWarning RootResults SR1
        anderson approx_fprime basinhopping bisect bracket brent brenth brentq broyden1 broyden2 brute
        check_grad curve_fit diagbroyden differential_evolution direct dual_annealing excitingmixing
        fixed_point fmin fmin_bfgs fmin_cg fmin_cobyla fmin_l_bfgs_b fmin_ncg fmin_powell fmin_slsqp fmin_tnc
        fminbound fsolve golden isotonic_regression least_squares leastsq line_search linear_sum_assignment
        linearmixing linprog lsq_linear milp minimize minimize_scalar newton newton_krylov nnls
        quadratic_assignment ridder root root_scalar rosen rosen_der rosen_hess rosen_hess_prod shgo toms748
        """
        ),
        refused=refusals(
            (
                "show_options linprog_verbose_callback",
                "it only prints",
            ),
        ),
    ),
    # Trees, hulls, distances; no drawing.
    "scipy.spatial": ModuleRule(
        words(
            """
        ConvexHull Delaunay HalfspaceIntersection KDTree QhullError Rectangle SphericalVoronoi Voronoi
        cKDTree distance_matrix geometric_slerp minkowski_distance minkowski_distance_p procrustes tsearch
        """
        ),
        modules={"distance": "scipy.spatial.distance", "transform": "scipy.spatial.transform"},
        refused=refusals(
            (
                "convex_hull_plot_2d delaunay_plot_2d voronoi_plot_2d",
                "metrics cannot draw",
            ),
        ),
    ),
    # Distances.
    "scipy.spatial.distance": ModuleRule(
        words(
            """
        braycurtis canberra cdist chebyshev cityblock correlation cosine dice directed_hausdorff euclidean
        hamming is_valid_dm is_valid_y jaccard jensenshannon mahalanobis minkowski num_obs_dm num_obs_y pdist
        rogerstanimoto russellrao seuclidean sokalsneath sqeuclidean squareform yule
        """
        ),
    ),
    # Rotations.
    "scipy.spatial.transform": ModuleRule(
        words(
            """
        RigidTransform Rotation RotationSpline Slerp
        """
        ),
    ),
    # Interpolation.
    "scipy.interpolate": ModuleRule(
        words(
            """
        AAA Akima1DInterpolator BPoly BSpline BarycentricInterpolator BivariateSpline
        CloughTocher2DInterpolator CubicHermiteSpline CubicSpline FloaterHormannInterpolator
        InterpolatedUnivariateSpline KroghInterpolator LSQBivariateSpline LSQSphereBivariateSpline
        LSQUnivariateSpline LinearNDInterpolator NdBSpline NdPPoly NearestNDInterpolator PPoly
        PchipInterpolator RBFInterpolator Rbf RectBivariateSpline RectSphereBivariateSpline
        RegularGridInterpolator SmoothBivariateSpline SmoothSphereBivariateSpline UnivariateSpline
        approximate_taylor_polynomial barycentric_interpolate bisplev bisplrep generate_knots griddata insert
        interp1d interp2d interpn krogh_interpolate lagrange make_interp_spline make_lsq_spline
        make_smoothing_spline make_splprep make_splrep pade pchip_interpolate spalde splantider splder splev
        splint splprep splrep sproot
        """
        ),
    ),
    # Integration.
    "scipy.integrate": ModuleRule(
        words(
            """
        BDF DOP853 DenseOutput IntegrationWarning LSODA ODEintWarning OdeSolution OdeSolver RK23 RK45 Radau
        complex_ode cubature cumulative_simpson cumulative_trapezoid dblquad fixed_quad lebedev_rule
        newton_cotes nquad nsum ode odeint qmc_quad quad quad_vec romb simpson solve_bvp solve_ivp tanhsinh
        tplquad trapezoid
        """
        ),
    ),
    # Linear algebra; raw BLAS and LAPACK routines do not check their arguments.
    "scipy.linalg": ModuleRule(
        words(
            """
        LinAlgError LinAlgWarning bandwidth block_diag cdf2rdf cho_factor cho_solve cho_solve_banded cholesky
        cholesky_banded circulant clarkson_woodruff_transform companion convolution_matrix coshm cosm cossin
        det dft diagsvd eig eig_banded eigh eigh_tridiagonal eigvals eigvals_banded eigvalsh
        eigvalsh_tridiagonal expm expm_cond expm_frechet fiedler fiedler_companion fractional_matrix_power
        funm hadamard hankel helmert hessenberg hilbert inv invhilbert invpascal ishermitian issymmetric
        khatri_rao ldl leslie logm lstsq lu lu_factor lu_solve matmul_toeplitz matrix_balance norm null_space
        ordqz orth orthogonal_procrustes pascal pinv pinvh polar qr qr_delete qr_insert qr_multiply qr_update
        qz rq rsf2csf schur signm sinhm sinm solve solve_banded solve_circulant solve_continuous_are
        solve_continuous_lyapunov solve_discrete_are solve_discrete_lyapunov solve_lyapunov solve_sylvester
        solve_toeplitz solve_triangular solveh_banded sqrtm subspace_angles svd svdvals tanhm tanm toeplitz
        """
        ),
        refused=refusals(
            (
                "get_blas_funcs get_lapack_funcs find_best_blas_type blas lapack",
                "raw routines do not check their arguments; use the functions of scipy.linalg",
            ),
        ),
    ),
    # Filters and spectra.
    "scipy.signal": ModuleRule(
        words(
            """
        BadCoefficients CZT ShortTimeFFT StateSpace TransferFunction ZerosPolesGain ZoomFFT abcd_normalize
        argrelextrema argrelmax argrelmin band_stop_obj bessel besselap bilinear bilinear_zpk bode buttap
        butter buttord cheb1ap cheb1ord cheb2ap cheb2ord cheby1 cheby2 check_COLA check_NOLA chirp
        choose_conv_method closest_STFT_dual_window coherence cont2discrete convolve convolve2d correlate
        correlate2d correlation_lags csd cspline1d cspline1d_eval cspline2d czt czt_points dbode decimate
        deconvolve detrend dfreqresp dimpulse dlsim dlti dstep ellip ellipap ellipord envelope fftconvolve
        filtfilt find_peaks find_peaks_cwt findfreqs firls firwin firwin2 firwin_2d freqresp freqs freqs_zpk
        freqz freqz_sos freqz_zpk gammatone gauss_spline gausspulse get_window group_delay hilbert hilbert2
        iircomb iirdesign iirfilter iirnotch iirpeak impulse invres invresz istft kaiser_atten kaiser_beta
        kaiserord lfilter lfilter_zi lfiltic lombscargle lp2bp lp2bp_zpk lp2bs lp2bs_zpk lp2hp lp2hp_zpk
        lp2lp lp2lp_zpk lsim lti max_len_seq medfilt medfilt2d minimum_phase normalize oaconvolve
        order_filter peak_prominences peak_widths periodogram place_poles qspline1d qspline1d_eval qspline2d
        remez resample resample_poly residue residuez savgol_coeffs savgol_filter sawtooth sepfir2d sos2tf
        sos2zpk sosfilt sosfilt_zi sosfiltfilt sosfreqz spectrogram spline_filter square ss2tf ss2zpk step
        stft sweep_poly symiirorder1 symiirorder2 tf2sos tf2ss tf2zpk unique_roots unit_impulse upfirdn
        vectorstrength welch wiener zoom_fft zpk2sos zpk2ss zpk2tf
        """
        ),
        modules={"windows": "scipy.signal.windows"},
    ),
    # Window functions.
    "scipy.signal.windows": ModuleRule(
        words(
            """
        barthann bartlett blackman blackmanharris bohman boxcar chebwin cosine dpss exponential flattop
        gaussian general_cosine general_gaussian general_hamming get_window hamming hann kaiser
        kaiser_bessel_derived lanczos nuttall parzen taylor triang tukey
        """
        ),
    ),
    # Only the way to its parts.
    "scipy.cluster": ModuleRule(
        frozenset(),
        modules={"vq": "scipy.cluster.vq", "hierarchy": "scipy.cluster.hierarchy"},
    ),
    # k-means.
    "scipy.cluster.vq": ModuleRule(
        words(
            """
        kmeans kmeans2 vq whiten
        """
        ),
    ),
    # Hierarchical clusters; no drawing.
    "scipy.cluster.hierarchy": ModuleRule(
        words(
            """
        ClusterNode DisjointSet average centroid complete cophenet correspond cut_tree dendrogram fcluster
        fclusterdata from_mlab_linkage inconsistent is_isomorphic is_monotonic is_valid_im is_valid_linkage
        leaders leaves_list linkage maxRstat maxdists maxinconsts median num_obs_linkage
        optimal_leaf_ordering single to_mlab_linkage to_tree ward weighted
        """
        ),
        refused=refusals(
            (
                "set_link_color_palette",
                "metrics cannot draw",
            ),
        ),
    ),
    # Fourier transforms; backends are process-wide.
    "scipy.fft": ModuleRule(
        words(
            """
        dct dctn dst dstn fft fft2 fftfreq fftn fftshift fht fhtoffset hfft hfft2 hfftn idct idctn idst idstn
        ifft ifft2 ifftn ifftshift ifht ihfft ihfft2 ihfftn irfft irfft2 irfftn next_fast_len prev_fast_len
        rfft rfft2 rfftfreq rfftn
        """
        ),
        refused=refusals(
            (
                "register_backend set_backend set_global_backend skip_backend set_workers get_workers",
                "it changes scipy for the frames that follow",
            ),
        ),
    ),
    # Filters on grids.
    "scipy.ndimage": ModuleRule(
        words(
            """
        affine_transform binary_closing binary_dilation binary_erosion binary_fill_holes binary_hit_or_miss
        binary_opening binary_propagation black_tophat center_of_mass convolve convolve1d correlate
        correlate1d distance_transform_bf distance_transform_cdt distance_transform_edt extrema find_objects
        fourier_ellipsoid fourier_gaussian fourier_shift fourier_uniform gaussian_filter gaussian_filter1d
        gaussian_gradient_magnitude gaussian_laplace generate_binary_structure generic_filter
        generic_filter1d generic_gradient_magnitude generic_laplace geometric_transform grey_closing
        grey_dilation grey_erosion grey_opening histogram iterate_structure label labeled_comprehension
        laplace map_coordinates maximum maximum_filter maximum_filter1d maximum_position mean median
        median_filter minimum minimum_filter minimum_filter1d minimum_position morphological_gradient
        morphological_laplace percentile_filter prewitt rank_filter rotate shift sobel spline_filter
        spline_filter1d standard_deviation sum sum_labels uniform_filter uniform_filter1d value_indices
        variance vectorized_filter watershed_ift white_tophat zoom
        """
        ),
    ),
    # Sparse matrices; no files.
    "scipy.sparse": ModuleRule(
        words(
            """
        SparseEfficiencyWarning SparseWarning block_array block_diag bmat bsr_array bsr_matrix coo_array
        coo_matrix csc_array csc_matrix csr_array csr_matrix dia_array dia_matrix diags diags_array dok_array
        dok_matrix expand_dims eye eye_array find get_index_dtype hstack identity issparse isspmatrix
        isspmatrix_bsr isspmatrix_coo isspmatrix_csc isspmatrix_csr isspmatrix_dia isspmatrix_dok
        isspmatrix_lil kron kronsum lil_array lil_matrix permute_dims rand random random_array
        safely_cast_index_arrays sparray spdiags spmatrix swapaxes tril triu vstack
        """
        ),
        modules={"linalg": "scipy.sparse.linalg", "csgraph": "scipy.sparse.csgraph"},
        refused=refusals(
            (
                "load_npz save_npz",
                "metrics read and write no files",
            ),
        ),
    ),
    # Solvers for sparse matrices.
    "scipy.sparse.linalg": ModuleRule(
        words(
            """
        ArpackError ArpackNoConvergence LaplacianNd LinearOperator MatrixRankWarning SuperLU aslinearoperator
        bicg bicgstab cg cgs eigs eigsh expm expm_multiply factorized funm_multiply_krylov gcrotmk gmres inv
        is_sptriangular lgmres lobpcg lsmr lsqr matrix_power minres norm onenormest qmr spbandwidth spilu
        splu spsolve spsolve_triangular svds tfqmr use_solver
        """
        ),
    ),
    # Graph algorithms.
    "scipy.sparse.csgraph": ModuleRule(
        words(
            """
        NegativeCycleError bellman_ford breadth_first_order breadth_first_tree connected_components
        construct_dist_matrix csgraph_from_dense csgraph_from_masked csgraph_masked_from_dense
        csgraph_to_dense csgraph_to_masked depth_first_order depth_first_tree dijkstra floyd_warshall johnson
        laplacian maximum_bipartite_matching maximum_flow min_weight_full_bipartite_matching
        minimum_spanning_tree reconstruct_path reverse_cuthill_mckee shortest_path structural_rank yen
        """
        ),
    ),
    # Physical constants.
    "scipy.constants": ModuleRule(
        words(
            """
        Avogadro Boltzmann Btu Btu_IT Btu_th ConstantWarning G Julian_year N_A Planck R Rydberg
        Stefan_Boltzmann Wien acre alpha angstrom arcmin arcminute arcsec arcsecond astronomical_unit atm
        atmosphere atomic_mass atto au bar barrel bbl blob c calorie calorie_IT calorie_th carat centi
        convert_temperature day deci degree degree_Fahrenheit deka dyn dyne e eV electron_mass electron_volt
        elementary_charge epsilon_0 erg exa exbi femto fermi fine_structure fluid_ounce fluid_ounce_US
        fluid_ounce_imp foot g gallon gallon_US gallon_imp gas_constant gibi giga golden golden_ratio grain
        gram gravitational_constant h hbar hectare hecto horsepower hour hp inch k kgf kibi kilo
        kilogram_force kmh knot lambda2nu lb lbf light_year liter litre long_ton m_e m_n m_p m_u mach mebi
        mega metric_ton micro micron mil mile milli minute mmHg mph mu_0 nano nautical_mile neutron_mass
        nu2lambda ounce oz parsec pebi peta pi pico point pound pound_force precision proton_mass psi pt
        quecto quetta ronna ronto short_ton sigma slinch slug speed_of_light speed_of_sound stone survey_foot
        survey_mile tebi tera ton_TNT torr troy_ounce troy_pound u unit value week yard year yobi yocto yotta
        zebi zepto zero_Celsius zetta
        """
        ),
        refused=refusals(
            (
                "test find",
                "it only prints",
            ),
        ),
    ),
    # Only the way to the proportion tests.
    "statsmodels": ModuleRule(
        frozenset(),
        modules={"stats": "statsmodels.stats"},
    ),
    # Only the way to the proportion tests.
    "statsmodels.stats": ModuleRule(
        frozenset(),
        modules={"proportion": "statsmodels.stats.proportion"},
    ),
    # Tests and intervals for proportions; the module's own imports are left out.
    "statsmodels.stats.proportion": ModuleRule(
        words(
            """
        KoopmanConfintResult PairedNamConfintResult PowerProportionsResult Proportions2indepTestResult
        ScoreTestProportionsResult TostProportionsResult binom_test binom_test_reject_interval binom_tost
        binom_tost_reject_interval confint_proportions_2indep multinomial_proportions_confint
        power_binom_tost power_proportions_2indep power_ztost_prop proportion_confint proportion_effectsize
        proportions_chisquare proportions_chisquare_allpairs proportions_chisquare_pairscontrol
        proportions_ztest proportions_ztost samplesize_confint_proportion
        samplesize_proportions_2indep_onetail score_test_proportions_2indep std_prop test_proportions_2indep
        tost_proportions_2indep
        """
        ),
    ),
    # All of it computes.
    "math": ModuleRule(
        words(
            """
        acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp
        exp2 expm1 fabs factorial floor fma fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan
        isqrt lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin
        sinh sqrt sumprod tan tanh tau trunc ulp
        """
        ),
    ),
}
