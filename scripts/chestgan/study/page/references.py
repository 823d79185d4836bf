"""The works that the methods rest on, by the key under which a text cites them: `[@key]`."""

REFERENCES = {
    "acgan": "A. Odena, C. Olah, J. Shlens. Conditional image synthesis with auxiliary classifier GANs. ICML 2017.",
    "adcgan": "L. Hou, Q. Cao, H. Shen, S. Pan, X. Li, X. Cheng. Conditional GANs with auxiliary discriminative "
    "classifier. ICML 2022.",
    "projection": "T. Miyato, M. Koyama. cGANs with projection discriminator. ICLR 2018.",
    "spectral": "T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida. Spectral normalization for generative adversarial "
    "networks. ICLR 2018.",
    "diffaugment": "S. Zhao, Z. Liu, J. Lin, J.-Y. Zhu, S. Han. Differentiable augmentation for data-efficient GAN "
    "training. NeurIPS 2020.",
    "growing": "T. Karras, T. Aila, S. Laine, J. Lehtinen. Progressive growing of GANs for improved quality, "
    "stability, and variation. ICLR 2018.",
    "edm": "T. Karras, M. Aittala, T. Aila, S. Laine. Elucidating the design space of diffusion-based generative "
    "models. NeurIPS 2022.",
    "covidgan": "A. Waheed et al. CovidGAN: data augmentation using auxiliary classifier GAN for improved Covid-19 "
    "detection. IEEE Access 8, 2020.",
    "fid": "M. Heusel et al. GANs trained by a two time-scale update rule converge to a local Nash equilibrium. "
    "NeurIPS 2017.",
    "kid": "M. Bińkowski, D. J. Sutherland, M. Arbel, A. Gretton. Demystifying MMD GANs. ICLR 2018.",
    "coverage": "M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo. Reliable fidelity and diversity metrics for generative "
    "models. ICML 2020.",
    "precision": "T. Kynkäänniemi, T. Karras, S. Laine, J. Lehtinen, T. Aila. Improved precision and recall metric for "
    "assessing generative models. NeurIPS 2019.",
    "msssim": "Z. Wang, E. P. Simoncelli, A. C. Bovik. Multiscale structural similarity for image quality assessment. "
    "Asilomar 2003.",
    "youden": "W. J. Youden. Index for rating diagnostic tests. Cancer 3, 1950.",
    "jackknife": "B. Efron, C. Stein. The jackknife estimate of variance. Annals of Statistics 9, 1981.",
    "delong": "E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson. Comparing the areas under two or more correlated "
    "receiver operating characteristic curves. Biometrics 44, 1988.",
    "rockette": "N. A. Obuchowski, H. E. Rockette. Hypothesis testing of diagnostic accuracy for multiple readers and "
    "multiple tests. Communications in Statistics 24, 1995.",
    "wilson": "E. B. Wilson. Probable inference, the law of succession, and statistical inference. Journal of the "
    "American Statistical Association 22, 1927.",
    "bootstrap": "A. C. Davison, D. V. Hinkley. Bootstrap methods and their application. Cambridge University Press, "
    "1997.",
    "claim": "A. S. Tejani et al. Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024 update. "
    "Radiology: Artificial Intelligence 6, 2024.",
    "tripod": "G. S. Collins et al. TRIPOD+AI statement. BMJ 385, 2024.",
    "stard": "P. M. Bossuyt et al. STARD 2015: an updated list of essential items for reporting diagnostic accuracy "
    "studies. BMJ 351, 2015.",
}
